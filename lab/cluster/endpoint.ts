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

/** Of the masters' addresses as they are now. */
export function haproxyConfig(settings: LabSettings): string {
  const servers = MASTERS.map((node) => `    server ${node} ${currentAddress(settings, node)}:6443`);
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
    default_backend masters
backend masters
    balance roundrobin
    option httpchk GET /readyz
    default-server check check-ssl verify none inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}
