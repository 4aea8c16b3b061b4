import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { effectScope, nextTick, reactive } from 'vue'

import { ApiError } from '../api'
import { useSession } from '../session'
import { FormDrafts, MOST, newPlace, useDraft, useDraftAt, type FormDraft } from './drafts'

const DAY = 86_400_000
const START = Date.parse('2026-11-28T08:00:00Z')
const empty = { key: 'k', version: 0, values: {}, base: {} }

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  useSession().me = { login: '1001' } as never
})

/** A storage that has room for so many signs. */
class Narrow implements Storage {
  private readonly kept = new Map<string, string>()
  constructor(private readonly room: number) {}
  get length(): number {
    return this.kept.size
  }
  key = (index: number): string | null => [...this.kept.keys()][index] ?? null
  getItem = (name: string): string | null => this.kept.get(name) ?? null
  removeItem = (name: string): void => void this.kept.delete(name)
  clear = (): void => this.kept.clear()
  setItem = (name: string, text: string): void => {
    const others = [...this.kept].filter(([other]) => other !== name).reduce((sum, [, one]) => sum + one.length, 0)
    if (others + text.length > this.room) throw new DOMException('full', 'QuotaExceededError')
    this.kept.set(name, text)
  }
}

describe('drafts on this machine', () => {
  it('are of each login by itself', () => {
    new FormDrafts('1001', localStorage).keep('duty/new', { ...empty, values: { title: '回电' } })
    expect(new FormDrafts('1001', localStorage).of('duty/new')?.values).toEqual({ title: '回电' })
    for (const other of ['1002', '100', '1001/duty', '']) expect(new FormDrafts(other, localStorage).of('duty/new')).toBeNull()
  })

  it('are gone after a week, whoever works here next', () => {
    let now = START
    const drafts = new FormDrafts('1001', localStorage, () => now)
    drafts.keep('duty/new', empty)
    now += 7 * DAY - 1
    expect(drafts.of('duty/new')?.at).toBe('2026-11-28T08:00:00.000Z')
    now += 1
    expect(drafts.of('duty/new')).toBeNull()
    new FormDrafts('1002', localStorage, () => now).tidy()
    expect(localStorage.length).toBe(0)
  })

  it('are the newest only', () => {
    let now = START
    const drafts = new FormDrafts('1001', localStorage, () => (now += 1000))
    new FormDrafts('1002', localStorage, () => START).keep('theirs', empty)
    for (let n = 0; n < MOST + 5; n += 1) drafts.keep(`customer/${n}`, empty)
    const there = Array.from({ length: MOST + 5 }, (_, n) => n).filter((n) => drafts.of(`customer/${n}`))
    expect(there).toEqual(Array.from({ length: MOST }, (_, n) => n + 5))
    drafts.keep('customer/5', empty) // one that is there takes nobody's place
    expect(drafts.of('customer/6')).not.toBeNull()
    expect(new FormDrafts('1002', localStorage, () => START).of('theirs')).not.toBeNull()
  })

  it('make room for the newest, and it is said when there is none', () => {
    let now = START
    const drafts = new FormDrafts('1001', new Narrow(400), () => (now += 1000))
    for (const place of ['a', 'b', 'c']) expect(drafts.keep(place, { ...empty, values: { note: 'x'.repeat(60) } })).toBe(true)
    expect([drafts.of('a'), drafts.of('b') !== null, drafts.of('c') !== null]).toEqual([null, true, true])
    expect(drafts.keep('d', { ...empty, values: { note: 'x'.repeat(500) } })).toBe(false)
  })

  it('are not read when another version of the page wrote them', () => {
    const drafts = new FormDrafts('1001', localStorage)
    for (const text of ['{', 'null', '"x"', '{"at":"no time"}', '{"at":"2099-01-01","key":1,"values":{},"base":{}}']) {
      localStorage.setItem('callcenterd.form-draft/1001/duty/new', text)
      expect(drafts.of('duty/new'), text).toBeNull()
    }
  })

  it('lie by what they are about', () => {
    expect(newPlace('complaint', { call: 'c1', customer: 5 })).toBe('complaint/new/call/c1')
    expect(newPlace('complaint', { call: null, customer: 5 })).toBe('complaint/new/customer/5')
    expect(newPlace('complaint')).toBe('complaint/new')
  })
})

function opened(start: { title: string; note: string; tags: string[] }): { wanted: typeof start; draft: FormDraft } {
  const wanted = reactive({ ...start })
  const draft = effectScope(true).run(() =>
    useDraft({ values: () => ({ ...wanted }), take: (values) => Object.assign(wanted, values) }),
  )
  if (!draft) throw new Error('no scope')
  return { wanted, draft }
}
const lying = () => new FormDrafts('1001', localStorage).of('duty/new')

describe('the draft of a form', () => {
  const start = { title: '张三 138…', note: '', tags: [] as string[] }

  it('has only what was typed, and is none when it is taken back', async () => {
    const { wanted, draft } = opened(start)
    draft.begin('duty/new')
    expect(useDraftAt(() => 'duty/new').there).toBe(false)
    wanted.note = '写'
    await nextTick()
    expect(lying()).toMatchObject({ values: { note: '写' }, base: { note: '' }, version: 0 })
    expect(localStorage.getItem(localStorage.key(0) ?? '')).not.toContain('138')
    expect(useDraftAt(() => 'duty/new').there).toBe(true)
    wanted.note = ''
    await nextTick()
    expect(lying()).toBeNull()
    expect(useDraftAt(() => 'duty/new').there).toBe(false)
  })

  it('keeps its time when it is only looked at', async () => {
    new FormDrafts('1001', localStorage, () => Date.now() - DAY).keep('duty/new', { ...empty, values: { note: '昨天', gone: 1 } })
    const at = lying()?.at
    const { wanted, draft } = opened(start)
    draft.begin('duty/new')
    await nextTick()
    expect(wanted).toEqual({ ...start, note: '昨天' })
    expect([draft.at, lying()?.at]).toEqual([at, at])
    wanted.note = '昨天和今天'
    await nextTick()
    expect(lying()?.at).not.toBe(at)
    expect(lying()?.key).toBe('k')
  })

  it('is sent with the same key until it is saved, and with another when it was kept and nobody knows how', async () => {
    const { wanted, draft } = opened(start)
    draft.begin('duty/new')
    wanted.note = '写'
    await nextTick()
    const keys: string[] = []
    const refused = (status: number, code: string) =>
      draft.send((key) => (keys.push(key), Promise.reject(new ApiError(status, code, '')))).catch(() => undefined)
    await refused(0, 'unreachable')
    await refused(503, 'unavailable')
    await refused(422, 'wrong_fields')
    await refused(409, 'kept_otherwise')
    expect(new Set(keys).size).toBe(1)
    expect(lying()?.key).toBe(keys[0])
    await refused(409, 'kept_already')
    expect(lying()?.key).not.toBe(keys[0])
    expect(await draft.send((key) => (keys.push(key), Promise.resolve('saved')))).toBe('saved')
    expect(lying()).toBeNull()
    expect(new Set(keys).size).toBe(2)
    wanted.note = '' // the form empties itself, or goes on being looked at
    await nextTick()
    expect(localStorage.length).toBe(0)
  })

  it('remembers what was there when it was begun, though others have changed it since', async () => {
    const first = opened({ ...start, note: '先' })
    expect(first.draft.begin('duty/new', 3).version).toBe(3)
    first.wanted.note = '我的'
    await nextTick()
    first.draft.leave()
    const second = opened({ ...start, note: '别人的', title: '新' })
    expect(second.draft.begin('duty/new', 4)).toEqual({ version: 3, base: { note: '先' } })
    expect(second.wanted).toEqual({ note: '我的', title: '新', tags: [] })
    second.wanted.tags = ['vip']
    await nextTick()
    expect(lying()).toMatchObject({ version: 3, values: { note: '我的', tags: ['vip'] }, base: { note: '先', tags: [] } })
    second.draft.discard()
    expect(second.wanted).toEqual({ note: '别人的', title: '新', tags: [] })
    await nextTick()
    expect(lying()).toBeNull()
  })

  it('is never of a form with a password, a PIN or a key', () => {
    const sources = import.meta.glob<string>('../**/*.vue', { query: '?raw', import: 'default', eager: true })
    const keeping = Object.entries(sources).filter(([, text]) => /useDraft\b|useWritten\b/.test(text))
    expect(keeping.length).toBeGreaterThan(7)
    for (const [name, text] of keeping) expect(text, name).not.toMatch(/show-password|type="password"|\bpin\b/i)
  })
})
