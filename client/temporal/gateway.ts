import type { Gateway } from '../gateway.ts';
import { brakeGateway } from './brakes.ts';
import { openSession, type ConnectOptions, type Session } from './connect.ts';
import { diagnose } from './health-checks.ts';
import * as recoveries from './recoveries.ts';
import { scheduleGateway } from './schedules.ts';
import { requireWorkers, workerPatience } from './workers.ts';

export async function openGateway(options: ConnectOptions): Promise<Gateway> {
  return gatewayOf(await openSession(options));
}

export function gatewayOf(session: Session, forWorkers = workerPatience): Gateway {
  return {
    place: session.place,
    async diagnose(cluster, patience) {
      await requireWorkers(session, cluster, forWorkers, patience.signal);
      return diagnose(session, cluster, patience);
    },
    async startRecovery(request, runbook) {
      await requireWorkers(session, request.cluster, forWorkers);
      return recoveries.startRecovery(session, request, runbook);
    },
    newestRun: (cluster) => recoveries.newestRun(session, cluster),
    openRuns: () => recoveries.openRuns(session),
    state: (run) => recoveries.state(session, run),
    result: (run) => recoveries.result(session, run),
    report: (run) => recoveries.report(session, run),
    vote: (run, vote) => recoveries.vote(session, run, vote),
    resolve: (run, decision) => recoveries.resolve(session, run, decision),
    abort: (run, request) => recoveries.abort(session, run, request),
    supersede: (run, request) => recoveries.supersede(session, run, request),
    brake: brakeGateway(session),
    schedule: scheduleGateway(session),
    close: () => session.client.connection.close(),
  };
}
