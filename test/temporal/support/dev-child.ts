import { abortOnInterrupt } from '../../../lab/host/interrupt.ts';
import { silentProgress } from '../../../lab/host/progress.ts';
import { describeDev, runDev } from '../../../lab/temporal/dev.ts';
import { freePorts } from '../../../lab/temporal/ports.ts';
import { createLogger } from '../../../worker/logger.ts';
import { probeActivities } from './probe-activities.ts';
import { testInventory } from './workers.ts';

/** `cpr dev` without the command line: `dev-child.ts DATABASE`. */
const [dbFile = ''] = process.argv.slice(2);
const [grpc = 0, ui = 0] = await freePorts(2);
await runDev({
  inventory: testInventory(),
  activities: probeActivities({ journal: '/dev/null', release: '/' }),
  progress: silentProgress(),
  logger: createLogger(),
  dbFile,
  ports: { grpc, ui },
  signal: abortOnInterrupt(),
  onReady: (dev) => console.log(describeDev(dev)),
});
