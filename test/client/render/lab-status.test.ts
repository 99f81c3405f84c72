import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderLabStatus } from '../../../client/render/lab.ts';

const nodes = [{ name: 'master-0', address: '10.78.0.11', running: true }];

test("the lab's status says whether its operators run, and what to do when they do not", () => {
  const said = (running: boolean) =>
    renderLabStatus({ state: 'up', nodes, platform: { name: 'main', running } });
  assert.match(said(true), /The operators of main run\.$/);
  assert.match(said(false), /The operators of main do not run; `cpr lab up` starts them\.$/);
  assert.doesNotMatch(renderLabStatus({ state: 'up', nodes }), /operators/);
});
