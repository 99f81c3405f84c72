import { silentProgress } from '../../../lab/host/progress.ts';
import { labDown, labUp, openLab, type Lab } from '../../../lab/lab.ts';
import type { Platform } from '../../../lab/settings.ts';

export interface OwnLab {
  lab: Lab;
  /** Takes it down, unless it ran before: somebody who keeps one up to try again wants to keep it. */
  close: () => Promise<void>;
}

/** The lab that a file of tests has to itself. `CPR_LAB_NAME` and `CPR_LAB_SUBNET` name another one. */
export async function ownLab(name: string, subnet: string, platform: Platform): Promise<OwnLab> {
  process.env['CPR_LAB_NAME'] ??= name;
  process.env['CPR_LAB_SUBNET'] ??= subnet;
  const progress = silentProgress();
  const ranBefore = (await openLab()) !== undefined;
  const lab = await labUp({ progress, platform });
  return {
    lab,
    close: async () => {
      if (!ranBefore) await labDown({ progress });
    },
  };
}
