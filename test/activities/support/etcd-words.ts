/** What `etcdctl -w json` of 3.5.16 printed on master-1 of a healthy lab. */
export const status =
  '[{"Endpoint":"https://localhost:2379","Status":{"header":{"cluster_id":15669624906256097394,"member_id":8452567673654210949,"revision":1039,"raft_term":4},"version":"3.5.16","dbSize":3051520,"leader":4989362199670072499,"raftIndex":1295,"raftTerm":4,"raftAppliedIndex":1295,"dbSizeInUse":3026944}}]';
export const members =
  '{"header":{"cluster_id":15669624906256097394,"member_id":8452567673654210949,"raft_term":4},"members":[{"ID":4989362199670072499,"name":"master-0","peerURLs":["https://10.79.0.11:2380"],"clientURLs":["https://10.79.0.11:2379"]},{"ID":8452567673654210949,"name":"master-1","peerURLs":["https://10.79.0.12:2380"],"clientURLs":["https://10.79.0.12:2379"]},{"ID":8761453617033895868,"name":"master-2","peerURLs":["https://10.79.0.13:2380"],"clientURLs":["https://10.79.0.13:2379"]}]}';
export const alarms =
  '{"header":{"cluster_id":15669624906256097394,"member_id":8452567673654210949,"revision":1056,"raft_term":4}}';
const read =
  '{"header":{"cluster_id":15669624906256097394,"member_id":8452567673654210949,"revision":1059,"raft_term":4}}';
export const reach =
  '[{"endpoint":"https://10.79.0.12:2379","health":true,"took":"15.990654ms"},{"endpoint":"https://10.79.0.11:2379","health":true,"took":"26.615732ms"},{"endpoint":"https://10.79.0.13:2379","health":true,"took":"17.806476ms"}]';

type Question = 'status' | 'read' | 'members' | 'alarms' | 'reach';

/** As `observe-etcd.sh` frames it. A failed read ends the questions, for all others would wait as long. */
export function memberWords(
  change: Partial<Record<Question, string | undefined>> = {},
  errors: Partial<Record<Question, string>> = {},
): string {
  const said: [Question, string | undefined][] = Object.entries({
    status,
    read,
    members,
    alarms,
    reach,
    ...change,
  }) as [Question, string | undefined][];
  const framed: string[] = [];
  for (const [name, answer] of said) {
    const error = errors[name] ?? '';
    framed.push(`@@ask ${name}\n${answer ?? ''}\n\n@@end ${name} ${error === '' ? 0 : 1} ${error}\n`);
    if (name === 'read' && error !== '') break;
  }
  return framed.join('');
}
