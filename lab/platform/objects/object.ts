/** An object of the API with the status it shall have; `path` is that of its collection. */
export interface PlatformObject {
  path: string;
  body: {
    apiVersion: string;
    kind: string;
    metadata: { name: string } & Record<string, unknown>;
    spec?: unknown;
    status?: unknown;
  };
}

/** A collection of custom objects. */
export function collection(group: string, version: string, plural: string, namespace?: string): string {
  const scope = namespace === undefined ? '' : `namespaces/${namespace}/`;
  return `/apis/${group}/${version}/${scope}${plural}`;
}

/** To the second, as metav1.Time is written. */
export function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
