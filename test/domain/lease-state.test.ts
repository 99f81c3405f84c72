import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeLeaseRequest, renderLease, type LeaseEnd, type LeaseState } from '../../domain/lease-state.ts';

const owner = { workflow: 'recovery/lab', run: 'run-1' };
const deadline = '2026-11-22T21:00:00.000Z';
const now = Date.parse('2026-11-22T20:50:00Z');
const state: LeaseState = {
  cluster: 'lab',
  target: 'etcd-unsafe-override',
  id: 'lease-1',
  owner,
  deadline,
  phase: 'watching',
};
const foreign: LeaseEnd = {
  outcome: 'foreign',
  changed: false,
  keyRemains: true,
  sentence: 'it stands',
  evidence: ['the key is "yes"', 'by | somebody'],
};

describe('The page of a lease', () => {
  it('says what is lent, to whom, until when, and how to end it', () => {
    const page = renderLease(state);
    for (const told of ['useUnsupportedUnsafe', 'recovery/lab', deadline, '`released`'])
      assert.ok(page.includes(told), told);
  });

  it('says what keeps it from being put back, until that is done', () => {
    const trying: LeaseState = {
      ...state,
      phase: 'putting-back',
      because: 'deadline',
      lastError: 'forbidden',
    };
    assert.match(
      renderLease(trying),
      /being put back\*\*, since its time is over[\s\S]*tried again[\s\S]*forbidden/,
    );
    const end: LeaseEnd = {
      ...foreign,
      outcome: 'restored',
      keyRemains: false,
      sentence: 'it is gone',
      evidence: [],
    };
    const done = renderLease({ ...trying, phase: 'over', end });
    assert.doesNotMatch(done, /forbidden/);
    assert.match(done, /it is gone/);
  });

  it('calls for a person where somebody else has changed the setting, and shows what was seen, harmlessly', () => {
    const page = renderLease({ ...state, phase: 'over', because: 'released', end: foreign });
    assert.match(page, /a person must see to it/);
    assert.match(page, /by \\\| somebody/);
  });
});

describe('What a watchdog is asked', () => {
  const asked = { cluster: 'lab', target: 'etcd-unsafe-override', owner, deadline };
  it('is taken as it stands, and strange fields are left out', () => {
    assert.deepEqual(judgeLeaseRequest({ ...asked, more: 1 }, 'override-lease/lab', now), asked);
  });
  it('must be for the cluster in its id, a target of the list, an owner, and an hour at most', () => {
    const wrong: [unknown, string][] = [
      [asked, 'override-lease/other'],
      [{ ...asked, target: 'toString' }, 'override-lease/lab'],
      [{ ...asked, owner: 'ada' }, 'override-lease/lab'],
      [{ ...asked, deadline: '2026-11-22T21:50:01Z' }, 'override-lease/lab'],
      [{ ...asked, deadline: 1 }, 'override-lease/lab'],
      [new Uint8Array(3), 'override-lease/lab'],
      [undefined, 'override-lease/lab'],
    ];
    for (const [input, id] of wrong)
      assert.ok('wrong' in judgeLeaseRequest(input, id, now), JSON.stringify(input));
  });
});
