import { describe, expect, it } from 'vitest'

import type { FlowKind } from '../model'
import * as edited from './edited'
import { fieldsOf } from './fields'
import { arranged, heightOf } from './layout'

const SAY: FlowKind = {
  kind: 'say',
  help: {},
  told: '',
  exits: [['next']],
  fields: {
    properties: { say: { anyOf: [{ type: 'string' }, { type: 'array' }] }, interruptible: { type: 'boolean' }, next: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
    required: ['say'],
  },
}
const MENU: FlowKind = {
  kind: 'menu',
  help: {},
  told: '',
  exits: [['keys', '*'], ['otherwise']],
  fields: {
    $defs: { Question: { properties: { say: { type: 'string' }, timeout: { type: 'number', maximum: 3600 } } } },
    properties: { menu: { $ref: '#/$defs/Question' }, keys: { type: 'object' }, otherwise: { type: 'string' } },
    required: ['menu', 'keys', 'otherwise'],
  },
}
const QUEUE: FlowKind = {
  kind: 'queue',
  help: {},
  told: '',
  exits: [['next'], ['on_timeout', 'next']],
  fields: {
    $defs: { Limit: { properties: { after: { type: 'number' }, next: { type: 'string' } }, required: ['after', 'next'] } },
    properties: { queue: { type: 'string', maxLength: 64 }, next: { type: 'string' }, on_timeout: { anyOf: [{ $ref: '#/$defs/Limit' }, { type: 'null' }] } },
    required: ['queue'],
  },
}
const KINDS = [SAY, MENU, QUEUE]

const first: edited.Step = {
  origin: '',
  renamed: {},
  places: {},
  data: {
    flow: 'main',
    start: 'menu',
    operator: 'sales',
    nodes: {
      menu: { menu: { say: 'hi' }, keys: { '1': 'sales', '2': 'bye' }, otherwise: 'bye' },
      sales: { queue: 'sales', on_timeout: { after: 5, next: 'bye' } },
      bye: { say: 'bye' },
    },
  },
}
const node = (step: edited.Step, name: string) => edited.nodesOf(step.data)[name]!

describe('an edited flow', () => {
  it('knows the exits of a node', () => {
    expect(edited.exitsOf(node(first, 'menu'), MENU).map((exit) => `${exit.path.join('.')}>${exit.to}`)).toEqual([
      'keys.1>sales',
      'keys.2>bye',
      'otherwise>bye',
    ])
    expect(edited.exitsOf(node(first, 'sales'), QUEUE)).toEqual([{ path: ['on_timeout', 'next'], to: 'bye' }])
  })

  it('offers the next free exit', () => {
    expect(edited.freeExit(node(first, 'menu'), MENU)).toEqual(['keys', '3'])
    expect(edited.freeExit(node(first, 'sales'), QUEUE)).toEqual(['next'])
    expect(edited.freeExit({ say: 'x', next: 'y' }, SAY)).toBeNull()
  })

  it('keeps all that leads to a node when it gets another name', () => {
    const step = edited.renameNode(first, 'bye', 'end', KINDS)
    expect(Object.keys(edited.nodesOf(step.data))).toEqual(['menu', 'sales', 'end'])
    expect(node(step, 'menu')).toMatchObject({ keys: { '2': 'end' }, otherwise: 'end' })
    expect(node(step, 'sales')).toMatchObject({ on_timeout: { next: 'end' } })
    expect(step.renamed).toEqual({ bye: 'end' })
    expect(edited.renameNode(step, 'end', 'over', KINDS).renamed).toEqual({ bye: 'over' })
    expect(edited.renameNode(first, 'menu', 'ask', KINDS).data.start).toBe('ask')
  })

  it('leaves no exit to a node that is gone', () => {
    const step = edited.removeNodes(first, ['bye', 'sales'], KINDS)
    expect(node(step, 'menu')).toEqual({ menu: { say: 'hi' }, otherwise: '' })
    expect(step.data.operator).toBeUndefined()
    expect(edited.removeNodes(first, ['bye'], KINDS).data.nodes).toMatchObject({ sales: { queue: 'sales' } })
    expect(node(first, 'menu')).toMatchObject({ otherwise: 'bye' })
  })

  it('connects and takes a connection out', () => {
    let step = edited.connect(first, 'bye', ['next'], 'menu', KINDS)
    expect(node(step, 'bye')).toEqual({ say: 'bye', next: 'menu' })
    step = edited.connect(step, 'bye', ['next'], '', KINDS)
    expect(node(step, 'bye')).toEqual({ say: 'bye' })
    step = edited.connect(edited.changeNode(first, 'sales', { queue: 'a' }), 'sales', ['on_timeout', 'next'], 'bye', KINDS)
    expect(node(step, 'sales')).toEqual({ queue: 'a', on_timeout: { next: 'bye', after: 60 } })
  })

  it('adds a node where one works, and the first one is the start', () => {
    const step = edited.addNode(first, edited.freeName(first.data, 'bye'), edited.newNode(MENU), 'menu', [3, 4])
    expect(Object.keys(edited.nodesOf(step.data))).toEqual(['menu', 'bye_2', 'sales', 'bye'])
    expect(node(step, 'bye_2')).toEqual({ menu: { say: '' }, keys: {}, otherwise: '' })
    expect(step.places).toEqual({ bye_2: [3, 4] })
    const empty = { ...first, data: { flow: 'x', start: '', nodes: {} } }
    expect(edited.addNode(empty, 'a', {}, null).data.start).toBe('a')
  })

  it('follows the cases of a list', () => {
    const kind: FlowKind = { ...SAY, kind: 'branch', exits: [['branch', '*', 'next'], ['otherwise']] }
    const step = edited.addNode(first, 'which', { branch: [{ when: 'a', next: 'bye' }, { when: 'b', next: 'sales' }], otherwise: 'bye' }, null)
    const known = [...KINDS, kind]
    expect(edited.exitsOf(node(step, 'which'), kind).map((exit) => exit.path.join('.'))).toEqual(['branch.0.next', 'branch.1.next', 'otherwise'])
    expect(node(edited.renameNode(step, 'sales', 'shop', known), 'which')).toMatchObject({ branch: [{ next: 'bye' }, { when: 'b', next: 'shop' }] })
    expect(node(edited.removeNodes(step, ['bye'], known), 'which')).toMatchObject({ branch: [{ when: 'a', next: '' }, { next: 'sales' }] })
    expect(edited.freeExit(node(step, 'which'), kind)).toBeNull()
  })

  it('undoes and does again, and typing is one step', () => {
    const steps = new edited.Steps(first)
    const titled = (title: string) => edited.changeHead(steps.now, 'title', title)
    steps.take(titled('a'), 'title')
    steps.take(titled('ab'), 'title')
    steps.take(edited.changeHead(steps.now, 'language', 'en'), 'language')
    steps.undo()
    expect(steps.now.data).toMatchObject({ title: 'ab' })
    expect(steps.now.data.language).toBeUndefined()
    steps.undo()
    expect(steps.now).toBe(first)
    expect([steps.canUndo, steps.canRedo]).toEqual([false, true])
    steps.redo()
    steps.take(titled('c'))
    expect(steps.canRedo).toBe(false)
    for (let n = 0; n < 300; n += 1) steps.take(titled(`${n}`))
    for (let n = 0; n < 300; n += 1) steps.undo()
    expect(steps.now.data.title).toBe('100')
  })
})

describe('the form', () => {
  it('is made from the schema', () => {
    expect(fieldsOf(MENU).map((field) => `${field.path.join('.')} ${field.type}`)).toEqual([
      'menu.say long',
      'menu.timeout number',
      'keys keys',
      'otherwise node',
    ])
    expect(fieldsOf(QUEUE).map((field) => `${field.path.join('.')} ${field.type}`)).toEqual([
      'queue text',
      'next node',
      'on_timeout.after number',
      'on_timeout.next node',
    ])
  })

  it('takes out what is emptied, and the group with it', () => {
    const one = edited.withValue({ queue: 'a', on_timeout: { after: 5 } }, ['on_timeout', 'after'], undefined)
    expect(one).toEqual({ queue: 'a' })
  })
})

describe('the arrangement', () => {
  it('goes from left to right, boxes do not overlap, and what was moved stays', () => {
    const boxes = Object.entries(edited.nodesOf(first.data)).map(([name, each]) => ({
      name,
      exits: edited.exitsOf(each, edited.kindOf(each, KINDS)),
    }))
    const places = arranged(boxes, { bye: [5, 7] })
    expect(places.bye).toEqual([5, 7])
    const free = arranged(boxes, {})
    expect(free.menu![0]).toBeLessThan(free.sales![0])
    for (const a of boxes)
      for (const b of boxes)
        if (a !== b && free[a.name]![0] === free[b.name]![0])
          expect(Math.abs(free[a.name]![1] - free[b.name]![1])).toBeGreaterThanOrEqual(Math.min(heightOf(a), heightOf(b)))
  })
})
