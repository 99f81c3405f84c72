import { ApiError } from '../cluster/api.ts';
import { BOOTSTRAPPER, BOOTSTRAPPER_NAMESPACE } from '../cluster/certificates.ts';
import { clusterObjects } from '../cluster/objects.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';

const SECRET = `/api/v1/namespaces/${BOOTSTRAPPER_NAMESPACE}/secrets/${BOOTSTRAPPER}-token`;

export const bootstrapSecretMissing: Fault = {
  name: 'bootstrap-secret-missing',
  sentence:
    'The secret with the token from which a durable bootstrap file is made is gone; the files on the masters stay.',
  symptom: `kubectl get secret ${BOOTSTRAPPER}-token -n ${BOOTSTRAPPER_NAMESPACE} says NotFound.`,
  heal: 'Apply the secret again; the controller-manager puts a token into it.',

  break: (lab, _node, { progress }) =>
    during(progress, `secret ${BOOTSTRAPPER}-token is gone`, async () => {
      await lab.api.send('DELETE', SECRET).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
    }),

  healByForce: (lab, _node, { progress, signal }) =>
    during(progress, `secret ${BOOTSTRAPPER}-token holds a token`, async () => {
      await lab.kubectl(['apply', '-f', '-'], { input: clusterObjects() });
      await waitUntil('a token in it', () => holdsToken(lab), { withinMs: 60_000, signal });
    }),
};

async function holdsToken(lab: Lab): Promise<true | string> {
  const { data } = await lab.api.get<{ data?: Record<string, string> }>(SECRET);
  return data?.['token'] !== undefined || 'it is empty';
}
