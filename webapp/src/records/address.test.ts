import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router'
import { defineComponent, h, KeepAlive, nextTick, reactive, ref, type Component } from 'vue'

import type { Listing } from '../model'
import { keptDays, keptFields, keptFlag, keptNumber, keptText, keptTexts } from './address'
import { useListing, useOpen, type Place } from './lists'

/** A page of a list of 200 things, as those of records are made. */
function office() {
  const conditions = reactive({ kind: '', state: 'open', text: '' })
  const late = ref(false)
  const asked: (Place & { kind: string; text: string })[] = []
  let page = ref(1)
  let open = ref<number | null>(null)
  let quietly: (change: () => void) => void = () => undefined
  let show: (id: number | null) => Promise<unknown> = () => Promise.resolve()
  const List = defineComponent(() => {
    const list = useListing(
      (place): Promise<Listing<number>> => {
        asked.push({ ...place, kind: conditions.kind, text: conditions.text })
        return Promise.resolve({ items: [], total: 200 })
      },
      () => [late.value, { ...conditions }],
      { route: 'list', keeping: { ...keptTexts(conditions), late: keptFlag(late) } },
    )
    page = list.page
    quietly = list.quietly
    ;({ open, show } = useOpen('list', list.query))
    return () => h('p')
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/list/:id(\\d+)?', name: 'list', component: List },
      { path: '/other', name: 'other', component: { render: () => h('p') } },
    ],
  })
  return { router, conditions, late, asked, at: () => router.currentRoute.value.fullPath, page: () => page, open: () => open, show: (id: number | null) => show(id), quietly: (change: () => void) => quietly(change) }
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) {
    await nextTick()
    await vi.advanceTimersByTimeAsync(300)
  }
}

async function opened(at: string) {
  const here = office()
  const App = (): ReturnType<typeof h> =>
    h(RouterView, null, { default: ({ Component }: { Component: Component }) => h(KeepAlive, () => Component && h(Component)) })
  await here.router.push(at)
  const page = mount(App, { global: { plugins: [here.router] } })
  await settle()
  const go = async (what: () => unknown): Promise<void> => {
    what()
    await settle()
  }
  return { ...here, go, back: () => go(() => (here.router as Router).back()), forward: () => go(() => (here.router as Router).forward()), unmount: () => page.unmount() }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the conditions of a list', () => {
  it('stand in the address, and the back button goes through them, page and open record with them', async () => {
    const list = await opened('/list')
    await list.go(() => (list.conditions.kind = 'red'))
    expect(list.at()).toBe('/list?kind=red')
    await list.go(() => (list.page().value = 3))
    expect(list.at()).toBe('/list?kind=red&page=3')
    await list.go(() => list.show(7))
    expect([list.at(), list.open().value]).toEqual(['/list/7?kind=red&page=3', 7])
    await list.go(() => (list.late.value = true))
    expect(list.at()).toBe('/list/7?kind=red&late=yes')
    await list.back()
    expect([list.at(), list.late.value, list.page().value]).toEqual(['/list/7?kind=red&page=3', false, 3])
    expect(list.asked.at(-1)).toMatchObject({ kind: 'red', offset: 100 })
    await list.back()
    expect([list.at(), list.open().value]).toEqual(['/list?kind=red&page=3', null])
    await list.back()
    await list.back()
    expect([list.at(), list.conditions.kind, list.page().value]).toEqual(['/list', '', 1])
    expect(list.asked.at(-1)).toMatchObject({ kind: '', offset: 0 })
    await list.forward()
    expect([list.at(), list.conditions.kind]).toEqual(['/list?kind=red', 'red'])
    list.unmount()
  })

  it('that are typed are one step, and start over at the first page in it', async () => {
    const list = await opened('/list?page=2')
    for (const text of ['w', 'wa', 'wat']) await list.go(() => (list.conditions.text = text))
    expect([list.at(), list.page().value]).toEqual(['/list?text=wat', 1])
    expect(list.asked.at(-1)).toMatchObject({ text: 'wat', offset: 0 })
    await list.back()
    expect([list.at(), list.conditions.text, list.page().value]).toEqual(['/list?page=2', '', 2])
    list.unmount()
  })

  it('that nobody has chosen are no step, and what others have put into the address stays', async () => {
    const list = await opened('/list?customer=12')
    await list.go(() => list.quietly(() => (list.conditions.kind = 'red')))
    expect(list.at()).toBe('/list?customer=12&kind=red')
    await list.go(() => list.show(3))
    expect(list.at()).toBe('/list/3?customer=12&kind=red')
    await list.back()
    await list.go(() => (list.late.value = true))
    await list.back()
    expect([list.at(), list.late.value]).toEqual(['/list?customer=12&kind=red', false])
    list.unmount()
  })

  it('of a link that somebody has sent are those of the list at once', async () => {
    const list = await opened('/list/9?kind=blue&state=&late=yes&page=4')
    expect({ ...list.conditions }).toEqual({ kind: 'blue', state: '', text: '' })
    expect([list.late.value, list.page().value, list.open().value]).toEqual([true, 4, 9])
    expect(new Set(list.asked.map((asked) => `${asked.kind} ${asked.offset}`))).toEqual(new Set(['blue 150']))
    list.unmount()
  })

  it('are as they were left when the page is come back to, and the address says so', async () => {
    const list = await opened('/list')
    await list.go(() => (list.conditions.kind = 'red'))
    await list.go(() => list.router.push('/other'))
    await list.go(() => list.router.push('/list'))
    expect([list.at(), list.conditions.kind]).toEqual(['/list?kind=red', 'red'])
    await list.go(() => list.router.push('/other'))
    await list.go(() => list.router.push('/list?state=done'))
    expect([list.conditions.kind, list.conditions.state]).toEqual(['', 'done'])
    await list.go(() => list.router.push('/other'))
    await list.go(() => (list.conditions.kind = 'blue'))
    expect(list.at()).toBe('/other')
    list.unmount()
  })
})

describe('an address that is wrong', () => {
  it('is no condition', () => {
    expect(keptText(ref('list'), ['list', 'board']).read('table')).toBeUndefined()
    expect(keptFlag(ref(false)).read('1')).toBeUndefined()
    for (const text of ['0', '-1', '1.5', 'x', '1e3', '99999999']) expect(keptNumber(ref(1)).read(text)).toBeUndefined()
    for (const text of ['2026-11-01', '2026-11-31..2026-12-01', '2026-11-02..2026-11-01', 'x..y']) expect(keptDays(ref(null)).read(text)).toBeUndefined()
    for (const text of ['{', '[]', '1', 'null']) expect(keptFields(ref({})).read(text)).toBeUndefined()
  })

  it('reads what was written', () => {
    const days: [Date, Date] = [new Date(2026, 10, 1), new Date(2026, 10, 27)]
    const kept = keptDays(ref(days))
    expect(kept.write(days)).toBe('2026-11-01..2026-11-27')
    expect(kept.read('2026-11-01..2026-11-27')).toEqual(days)
    const asked = { plan: 'gold', budget: [1, null] as [number, null] }
    expect(keptFields(ref(asked)).read(keptFields(ref(asked)).write(asked))).toEqual(asked)
  })
})
