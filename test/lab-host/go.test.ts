import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { versionVariables } from '../../lab/binaries/ensure.ts';
import {
  buildFlags,
  compiledPackage,
  compileProgress,
  downloadedModule,
  requiredVersion,
  spaceFor,
} from '../../lab/binaries/go.ts';

describe('the output of go build -v', () => {
  it('names a compiled package on a line of its own', () => {
    for (const line of [
      'runtime',
      'internal/goarch',
      'k8s.io/api/core/v1',
      'gopkg.in/yaml.v3',
      'a.b/c~d/e+f',
    ]) {
      assert.equal(compiledPackage(line), line);
    }
  });

  it('has other lines, which are no packages', () => {
    for (const line of ['', 'go: downloading k8s.io/api v0.34.4', '# k8s.io/api', 'x.go:3:1: undefined: y']) {
      assert.equal(compiledPackage(line), undefined, line);
    }
  });

  it('names a downloaded module', () => {
    assert.equal(downloadedModule('go: downloading k8s.io/api v0.34.4'), 'k8s.io/api v0.34.4');
    assert.equal(downloadedModule('k8s.io/api'), undefined);
  });
});

describe('how far a build is', () => {
  it('is the package it is at, of how many', () => {
    assert.equal(compileProgress(811, 1947), 'compiling package 812 of 1947');
  });

  it('is linking after the last one, which prints nothing for a while', () => {
    assert.equal(compileProgress(1947, 1947), 'linking');
  });
});

describe('a build', () => {
  it('takes versions from the module and changes no module file', () => {
    assert.deepEqual(buildFlags({ 'k8s.io/x.gitVersion': 'v1.34.4' }), [
      '-mod=readonly',
      '-buildvcs=false',
      '-trimpath',
      '-ldflags',
      '-s -w -X k8s.io/x.gitVersion=v1.34.4',
    ]);
  });

  it('of a Kubernetes binary carries what `--version` and client-go say', () => {
    const variables = versionVariables('v1.34.4');
    assert.equal(variables['k8s.io/component-base/version.gitVersion'], 'v1.34.4');
    assert.equal(variables['k8s.io/client-go/pkg/version.gitMajor'], '1');
    assert.equal(variables['k8s.io/client-go/pkg/version.gitMinor'], '34');
  });

  it('of everything needs gigabytes, of nothing only room for the binary', () => {
    assert.ok(spaceFor(1947) > 2e9);
    assert.ok(spaceFor(0) < 3e8);
  });
});

describe('the version that a go.mod requires', () => {
  const goMod = 'require k8s.io/kubernetes v1.34.4\n\nrequire (\n\tk8s.io/cri-api v0.34.4 // indirect\n)\n';

  it('is found on a line of its own and in a block', () => {
    assert.equal(requiredVersion(goMod, 'k8s.io/kubernetes'), 'v1.34.4');
    assert.equal(requiredVersion(goMod, 'k8s.io/cri-api'), 'v0.34.4');
  });

  it('is an error where the module is not required', () => {
    assert.throws(() => requiredVersion(goMod, 'k8s.io/cri'), /requires no k8s\.io\/cri/);
  });
});
