import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeRestore, judgeSet, readLeaseIn } from '../../domain/lease-rules.ts';
import { leaseAnnotation } from '../../domain/lease-note.ts';
import { leaseTargets, type Lease } from '../../domain/lease.ts';
import { seeded } from '../simulator/seeded.ts';
import { patched } from '../support/json-patch.ts';

const { key } = leaseTargets['etcd-unsafe-override'];
const lease: Lease = {
  target: 'etcd-unsafe-override',
  id: 'lease-1',
  owner: { workflow: 'recovery/lab', run: 'run-1' },
  deadline: '2026-11-22T21:00:00.000Z',
};

interface Etcd {
  metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> };
  spec: { managementState: string; unsupportedConfigOverrides?: unknown };
}

/** The operator's object; `overrides` absent: the field is. */
function etcd(...overrides: unknown[]): Etcd {
  const spec: Etcd['spec'] = { managementState: 'Managed' };
  if (overrides.length > 0) [spec.unsupportedConfigOverrides] = overrides;
  return { metadata: { name: 'cluster', resourceVersion: '7', annotations: { 'a/b': 'theirs' } }, spec };
}

function set(object: Etcd, by = lease): Etcd {
  const judged = judgeSet(object, by);
  assert.ok(judged.may === 'set', JSON.stringify(judged));
  const after = patched(object, judged.patch);
  assert.ok(after, 'the patch applies to the object that it was made from');
  return written(after);
}

function restore(object: Etcd, by = lease): Etcd {
  const judged = judgeRestore(object, by);
  assert.ok(judged.is === 'ours', JSON.stringify(judged));
  const after = patched(object, judged.patch);
  assert.ok(after);
  return written(after);
}

/** Every write gives a new version. */
function written(object: Etcd): Etcd {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, resourceVersion: String(Number(metadata.resourceVersion) + 1) },
  };
}

function overridesOf(object: Etcd): unknown {
  return object.spec.unsupportedConfigOverrides;
}

/** Without the version, and as text: `{}` is not nothing, and the order of keys counts too. */
function text({ metadata, spec }: Etcd): string {
  return JSON.stringify({ metadata: { ...metadata, resourceVersion: '' }, spec });
}

describe('A lease', () => {
  const shapes: [string, Etcd][] = [
    ['no field at all', etcd()],
    ['null', etcd(null)],
    ['an empty object', etcd({})],
    ['a key of somebody else', etcd({ theirs: true })],
    [
      'nested, strange and large values',
      etcd({ a: { b: [1, null, { c: '' }] }, '': 0, 'x/y~z': '…'.repeat(2000) }),
    ],
  ];
  for (const [name, found] of shapes) {
    it(`on ${name}: sets its key, and puts back exactly what was there`, () => {
      const held = set(found);
      assert.equal((overridesOf(held) as Record<string, unknown>)[key], true);
      const { sentence: back } = judgeRestore(held, lease) as { sentence: string };
      assert.deepEqual(readLeaseIn(held, lease.target), { state: 'held', lease, back });
      assert.equal(text(restore(held)), text(found));
    });
  }

  it('on an object without annotations leaves none behind', () => {
    const found = etcd({ theirs: 1 });
    delete found.metadata.annotations;
    const after = restore(set(found));
    assert.deepEqual(after.metadata.annotations, {});
    assert.deepEqual(after.spec, found.spec);
  });

  it('leaves whatever others change beside it, byte for byte, in 2000 stories', () => {
    const random = seeded(4);
    for (let story = 0; story < 2000; story++) {
      const found = anyShape(random);
      const withUs = set(found);
      const withoutUs = structuredClone(found);
      for (let changes = Math.floor(random() * 4); changes > 0; changes--) {
        const change = anyChange(random);
        change(withUs);
        change(withoutUs);
      }
      const after = restore(withUs);
      const left = overridesOf(withoutUs) ?? {};
      // Where nothing is left: what stood there before if that was empty, else no field.
      const first = overridesOf(found);
      const wasEmpty = first !== undefined && Object.keys(first ?? {}).length === 0;
      const expected = Object.keys(left).length > 0 ? left : wasEmpty ? first : undefined;
      assert.equal(JSON.stringify(overridesOf(after)), JSON.stringify(expected), `story ${story}`);
      // The API server does not tell an empty map of annotations from none.
      assert.deepEqual(after.metadata.annotations ?? {}, withoutUs.metadata.annotations ?? {});
      assert.equal(after.spec.managementState, withoutUs.spec.managementState);
    }
  });

  it('that stands already is not set again', () => {
    assert.deepEqual(judgeSet(set(etcd()), lease), { may: 'held' });
  });

  const foreign: [string, Etcd][] = [
    ['the same value set by somebody else', etcd({ [key]: true })],
    ['another value', etcd({ [key]: false })],
    ['the value as a string', etcd({ [key]: 'true' })],
    ['another lease', set(etcd(), { ...lease, id: 'lease-0' })],
    [
      'a note that nobody can read',
      { ...etcd(), metadata: { ...etcd().metadata, annotations: { [leaseAnnotation]: '{' } } },
    ],
    ['its own note without the key', withoutKey(set(etcd({ theirs: 1 })))],
    ['a list where an object belongs', etcd([])],
    ['a word where an object belongs', etcd('x')],
    ['no specification', { metadata: etcd().metadata } as Etcd],
    ['no version', { ...etcd(), metadata: { name: 'cluster', resourceVersion: '' } }],
  ];
  for (const [name, object] of foreign) {
    it(`is refused on ${name}`, () => {
      const judged = judgeSet(object, lease);
      assert.ok(judged.may === 'foreign');
      assert.ok(judged.evidence.length > 0);
    });
  }

  it('cannot be set by a request that was made before it was put back', () => {
    for (const [name, found] of shapes) {
      const early = judgeSet(found, lease);
      assert.ok(early.may === 'set');
      assert.equal(patched(restore(set(found)), early.patch), undefined, name);
    }
  });

  it('cannot be set over what somebody else wrote meanwhile', () => {
    const early = judgeSet(etcd(null), lease);
    assert.ok(early.may === 'set');
    assert.equal(patched(written(etcd({ theirs: 1 })), early.patch), undefined);
    const annotated = etcd();
    delete annotated.metadata.annotations;
    const before = judgeSet(annotated, lease);
    assert.ok(before.may === 'set');
    assert.equal(patched(written(etcd()), before.patch), undefined);
  });
});

describe('Putting back', () => {
  it('finds nothing to do where nothing is', () => {
    assert.equal(judgeRestore(etcd(), lease).is, 'gone');
    assert.equal(judgeRestore(etcd({ theirs: 1 }), lease).is, 'gone');
    assert.equal(judgeRestore({}, lease).is, 'gone');
  });

  const held = set(etcd({ theirs: 1 }));
  const foreign: [string, Etcd, boolean][] = [
    ['the key changed', changedKey(held, false), true],
    ['the key is a string now', changedKey(held, 'true'), true],
    ['the note is gone', { ...held, metadata: { ...held.metadata, annotations: {} } }, true],
    ['the note is of another lease', set(etcd(), { ...lease, id: 'lease-2' }), true],
    ['the key stands without a note', etcd({ [key]: true }), true],
    ['only the note of another lease is there', withoutKey(set(etcd(), { ...lease, id: 'lease-2' })), false],
  ];
  for (const [name, object, keyRemains] of foreign) {
    it(`touches nothing when ${name}, and says what it saw`, () => {
      const judged = judgeRestore(object, lease);
      assert.ok(judged.is === 'foreign');
      assert.equal(judged.patch, undefined);
      assert.equal(judged.keyRemains, keyRemains);
      assert.ok(judged.evidence.length > 0);
    });
  }

  it('takes only its own note off when somebody else removed the key, and tells of the empty field that was left', () => {
    const object = withoutKey(set(etcd()));
    const judged = judgeRestore(object, lease);
    assert.ok(judged.is === 'foreign' && judged.patch);
    assert.match(judged.evidence.join('; '), /an empty field was left/);
    const after = patched(object, judged.patch);
    assert.deepEqual(after?.metadata.annotations, { 'a/b': 'theirs' });
    assert.deepEqual(overridesOf(after), {});
  });

  it('is void when anything that it rests on changed meanwhile', () => {
    const alone = judgeRestore(set(etcd()), lease);
    assert.ok(alone.is === 'ours');
    assert.equal(patched(set(etcd({ theirs: 1 })), alone.patch), undefined, 'another key came');
    assert.equal(patched(changedKey(set(etcd()), false), alone.patch), undefined, 'the key changed');
    assert.equal(patched(set(etcd(), { ...lease, id: 'lease-2' }), alone.patch), undefined, 'another lease');
  });

  it('names keys but never what others keep in them', () => {
    const secret = 'do-not-tell';
    const object = set(etcd({ theirs: secret }));
    const said = [
      judgeRestore(changedKey(object, 1), lease),
      readLeaseIn(changedKey(object, 1), lease.target),
    ];
    assert.doesNotMatch(JSON.stringify(said), new RegExp(secret));
    const { sentence } = judgeRestore(object, lease) as { sentence: string };
    assert.match(sentence, /theirs stay/);
    assert.doesNotMatch(sentence, new RegExp(secret));
  });
});

describe('Reading a lease', () => {
  it('tells free, held and foreign apart, whatever stands in the note', () => {
    assert.deepEqual(readLeaseIn(etcd(), lease.target), { state: 'free' });
    const byHand = readLeaseIn(etcd({ [key]: true }), lease.target);
    assert.deepEqual([byHand.state, 'noted' in byHand], ['foreign', false]);
    const changed = readLeaseIn(changedKey(set(etcd()), false), lease.target);
    assert.deepEqual([changed.state, 'noted' in changed], ['foreign', true]);
    for (const note of [
      '',
      'null',
      '[]',
      '{}',
      '{"target":"__proto__"}',
      '{"target":"etcd-unsafe-override","id":1}',
    ]) {
      const object = { metadata: { annotations: { [leaseAnnotation]: note } }, spec: {} };
      assert.equal(readLeaseIn(object, lease.target).state, 'foreign', note);
    }
    for (const object of [undefined, null, 1, 'x', []])
      assert.equal(readLeaseIn(object, lease.target).state, 'free');
  });
});

function withoutKey(object: Etcd): Etcd {
  const { [key]: _, ...others } = overridesOf(object) as Record<string, unknown>;
  return { ...object, spec: { ...object.spec, unsupportedConfigOverrides: others } };
}

function changedKey(object: Etcd, value: unknown): Etcd {
  const overrides = { ...(overridesOf(object) as object), [key]: value };
  return { ...object, spec: { ...object.spec, unsupportedConfigOverrides: overrides } };
}

type Random = () => number;

function anyShape(random: Random): Etcd {
  const kind = Math.floor(random() * 4);
  const found =
    kind === 0
      ? etcd()
      : kind === 1
        ? etcd(null)
        : kind === 2
          ? etcd({})
          : etcd({ [anyName(random)]: anyValue(random, 3) });
  if (random() < 0.3) delete found.metadata.annotations;
  return found;
}

/** Somebody else sets or removes a key of theirs, an annotation, or another part of the object. */
function anyChange(random: Random): (object: Etcd) => void {
  const name = anyName(random);
  const value = anyValue(random, 2);
  const kind = Math.floor(random() * 4);
  return ({ metadata, spec }) => {
    const overrides = spec.unsupportedConfigOverrides as Record<string, unknown> | null | undefined;
    if (kind === 0) spec.unsupportedConfigOverrides = { ...overrides, [name]: value };
    if (kind === 1 && overrides) delete overrides[name];
    if (kind === 2) (metadata.annotations ??= {})[name] = 'theirs';
    if (kind === 3) spec.managementState = name;
  };
}

function anyName(random: Random): string {
  return ['theirs', 'a/b', 'm~n', '', 'constructor', key.slice(0, 10)][Math.floor(random() * 6)]!;
}

function anyValue(random: Random, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  if (kind === 5) return [anyValue(random, depth - 1), anyValue(random, depth - 1)];
  if (kind === 6) return { [anyName(random)]: anyValue(random, depth - 1) };
  return [true, null, 0.5, '…', ''][kind];
}
