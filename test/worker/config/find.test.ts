import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { findInventory, findInventoryFile, type InventorySearch } from '../../../worker/config/find.ts';
import { unreadableFiles } from '../../../worker/config/files.ts';

const one = 'clusters: { a: { api: { kubeconfig: ./k }, masters: { m: { address: 10.0.0.1 } } } }\n';

describe('the inventory is looked for in one order', () => {
  let dir: string;
  let search: InventorySearch;
  let flag: string;
  let fromEnv: string;
  let inCwd: string;
  let ofUser: string;
  let ofLab: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cpr-find-'));
    await mkdir(join(dir, 'cwd'));
    await mkdir(join(dir, 'config', 'control-plane-recovery'), { recursive: true });
    flag = join(dir, 'flag.yaml');
    fromEnv = join(dir, 'env.yaml');
    inCwd = join(dir, 'cwd', 'clusters.yaml');
    ofUser = join(dir, 'config', 'control-plane-recovery', 'clusters.yaml');
    ofLab = join(dir, 'lab.yaml');
  });
  after(() => rm(dir, { recursive: true }));
  beforeEach(async () => {
    for (const file of [flag, fromEnv, inCwd, ofUser, ofLab]) await writeFile(file, one);
    search = {
      config: flag,
      env: { CPR_CONFIG: fromEnv, XDG_CONFIG_HOME: join(dir, 'config') },
      cwd: join(dir, 'cwd'),
      labInventories: () => Promise.resolve([ofLab]),
    };
  });

  it('--config, CPR_CONFIG, the working directory, the user, the lab', async () => {
    assert.equal(await findInventoryFile(search), flag);
    delete search.config;
    assert.equal(await findInventoryFile(search), fromEnv);
    delete search.env?.['CPR_CONFIG'];
    assert.equal(await findInventoryFile(search), inCwd);
    await rm(inCwd);
    assert.equal(await findInventoryFile(search), ofUser);
    await rm(ofUser);
    assert.equal(await findInventoryFile(search), ofLab);
  });

  it('never falls through from a named file that is missing', async () => {
    await assert.rejects(
      findInventoryFile({ ...search, config: 'gone.yaml' }),
      /gone\.yaml.*named by --config/,
    );
    await rm(fromEnv);
    delete search.config;
    await assert.rejects(findInventoryFile(search), /env\.yaml.*named by CPR_CONFIG/);
  });

  it('two running labs are not a choice that the tool makes', async () => {
    const bare = { env: { HOME: dir }, cwd: dir, labInventories: () => Promise.resolve([ofLab, flag]) };
    await assert.rejects(findInventoryFile(bare), /several labs.*--config/);
  });

  it('of two running labs it is the one that the lab’s commands are about, where that was said', async () => {
    const labs = ['first', 'second'].map((name) => join(dir, 'lab', name, 'clusters.yaml'));
    const found = (name: string) =>
      findInventoryFile({
        env: { HOME: dir, CPR_LAB_NAME: name },
        cwd: dir,
        labInventories: () => Promise.resolve(labs),
      });
    assert.equal(await found('second'), labs[1]);
    await assert.rejects(found('third'), /several labs.*CPR_LAB_NAME/);
  });

  it('nothing anywhere is said with every place that was looked at', async () => {
    await assert.rejects(findInventory({ env: { HOME: dir }, cwd: dir }), /no inventory found.*cpr lab up/s);
  });

  it('a kubeconfig that is not there is reported without refusing the inventory', async () => {
    const inventory = await findInventory(search);
    assert.deepEqual(await unreadableFiles(inventory), [
      `${flag}: clusters.a.api.kubeconfig: ${join(dir, 'k')} does not exist or cannot be read`,
    ]);
  });
});
