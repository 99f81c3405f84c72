import { currentAddress } from '../node/address.ts';
import { MASTERS, type LabSettings } from '../settings.ts';
import type { NodeFile } from '../node/files.ts';

export const HAPROXY_CONFIG = 'etc/haproxy/haproxy.cfg';

/** The API's endpoint: haproxy on `infra`, as OpenShift's load balancer, asking each master for /readyz. */
export function endpointFiles(settings: LabSettings): NodeFile[] {
  return [
    { path: HAPROXY_CONFIG, content: haproxyConfig(settings) },
    {
      path: 'etc/systemd/system/multi-user.target.wants/haproxy.service',
      link: '/usr/lib/systemd/system/haproxy.service',
    },
    { path: 'etc/systemd/system/containerd.service', link: '/dev/null' },
  ];
}

/** What a fault makes of the endpoint. */
interface Endpoint {
  /** Who stands behind it; all masters by default. */
  masters?: readonly string[];
  /** One new connection in so many is dropped. */
  dropsOneIn?: number;
}

/** Of the masters' addresses as they are now. */
export function haproxyConfig(
  settings: LabSettings,
  { masters = MASTERS, dropsOneIn }: Endpoint = {},
): string {
  const drop =
    dropsOneIn === undefined ? '' : `    tcp-request connection reject if { rand(${dropsOneIn}) 0 }\n`;
  const servers = masters.map((node) => `    server ${node} ${currentAddress(settings, node)}:6443`);
  return `global
    maxconn 2000
    log /dev/log local0
defaults
    mode tcp
    log global
    option dontlognull
    timeout connect 2s
    timeout client 24h
    timeout server 24h
    timeout check 3s
frontend api
    bind *:6443
${drop}    default_backend masters
backend masters
    balance roundrobin
    option httpchk GET /readyz
    default-server check check-ssl verify none inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}
