import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cannotInstall,
  goProblem,
  goVersionIn,
  missingPackages,
  noLabHere,
  type Machine,
} from '../../lab/host/requirements.ts';

const fit: Machine = { platform: 'linux', uid: 0, has: () => true };

describe('what a machine lacks for the lab', () => {
  it('is nothing on Linux as root with every command', () => {
    assert.equal(noLabHere(fit), undefined);
    assert.equal(missingPackages(fit).size, 0);
  });

  it('is Linux, on another system', () => {
    assert.match(
      noLabHere({ ...fit, platform: 'darwin' }) ?? '',
      /needs Linux.*runs darwin\. Use a Linux machine/,
    );
  });

  it('is root, for anybody else', () => {
    assert.match(noLabHere({ ...fit, uid: 1000 }) ?? '', /needs root.*run the same command as root/);
  });

  it('is the package that brings a missing command, named once for several', () => {
    const bare: Machine = { ...fit, has: (command) => !['ip', 'ssh', 'ssh-keygen'].includes(command) };
    assert.deepEqual([...missingPackages(bare).keys()], ['iproute2', 'openssh-client']);
  });

  it('is said with the reason where it cannot be installed', () => {
    const bare: Machine = { ...fit, has: (command) => command !== 'ip' };
    assert.match(
      cannotInstall(missingPackages(bare)),
      /^Missing: ip for the nodes' network \(Debian package iproute2\)/,
    );
  });
});

describe('Go', () => {
  it('that is as new as the module asks for will do', () => {
    for (const version of ['1.24', '1.24.0', '1.24.11', '1.26.8', '2.0']) {
      assert.equal(goProblem('it', '1.24.0', version), undefined, version);
    }
  });

  it('that is older is refused, with both versions and the remedy', () => {
    assert.equal(
      goProblem("the lab's Kubernetes", '1.24.0', '1.19.8'),
      "Go 1.24 or newer is needed to build the lab's Kubernetes; the Go on the PATH is 1.19.8. " +
        'Install it from https://go.dev/dl and put its bin directory on the PATH.',
    );
  });

  it('that is missing is said so', () => {
    assert.match(
      goProblem('it', '1.24.0', undefined) ?? '',
      /^Go 1\.24 or newer is needed to build it, and none was found/,
    );
  });

  it('is wanted in the version of the go.mod', () => {
    assert.equal(goVersionIn('module lab.test/x\n\ngo 1.24.0\n\ngodebug default=go1.24\n'), '1.24.0');
  });
});
