import { hostname, userInfo } from 'node:os';

/** `jane@bastion`: who is said to have asked or voted when nobody says otherwise. */
export function hostUser(env: NodeJS.ProcessEnv): string {
  return env['CPR_USER'] || `${env['SUDO_USER'] || env['USER'] || osUser()}@${hostname()}`;
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in passwd, as in many containers.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
