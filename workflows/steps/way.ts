import type { ApiEndpoint } from '../../domain/control-plane.ts';
import type { Reading } from '../../domain/reading.ts';
import { tell, type Run } from './run.ts';

/** Says once, and again when it changes, that the cluster is read another way than the inventory says. */
export function tellWay(run: Run, api: Reading<ApiEndpoint>): void {
  if (!api.known) return;
  const { server, through } = api.value;
  if (through?.master === run.detour) return;
  if (through) {
    run.detour = through.master;
    tell(
      run,
      `The API endpoint ${server} does not answer (${through.because}): the cluster is read through the API server on ${through.master}`,
    );
    return;
  }
  delete run.detour;
  tell(run, `The API endpoint ${server} answers again`);
}
