import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { i18n } from '../i18n'
import type { DutyOnDay } from '../model'
import { dayOf, daysShown } from '../records/days'
import { dueOn, onDays, stepOf, type Calendar } from './calendar'
import DutyCalendar from './DutyCalendar.vue'

const DAY = new Date(2026, 10, 27, 10, 30)
const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString()

function duty(id: number, due: string, more: Partial<DutyOnDay> = {}): DutyOnDay {
  const same = { kind: 'task', number: '', customer: null, owner: '1001', team: '', queue: '', priority: 0, about: '' }
  return { ...same, id, due, title: `事 ${id}`, state: 'open', ...more }
}

describe('what is due by the day', () => {
  it('stands on its own day, and on none that is not shown', () => {
    const found = onDays(daysShown('week', DAY), [duty(1, at(23, 0)), duty(2, at(29, 23)), duty(3, at(30, 0))])
    expect(Object.keys(found)).toHaveLength(7)
    expect(found['2026-11-23']?.map(({ id }) => id)).toEqual([1])
    expect(found['2026-11-29']?.map(({ id }) => id)).toEqual([2])
  })

  it('is made for nine o’clock, today for the next full hour, and not on a day that is over', () => {
    expect(dueOn(new Date(2026, 10, 28), DAY.getTime())).toEqual(new Date(2026, 10, 28, 9))
    expect(dueOn(DAY, DAY.getTime())).toEqual(new Date(2026, 10, 27, 11))
    expect(dueOn(DAY, new Date(2026, 10, 27, 8).getTime())).toEqual(new Date(2026, 10, 27, 9))
    expect(dueOn(DAY, new Date(2026, 10, 27, 23, 20).getTime())).toBeNull()
    expect(dueOn(new Date(2026, 10, 26), DAY.getTime())).toBeNull()
  })

  it('is gone through by arrows: a week up and down, but not where days are one', () => {
    expect(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'a'].map((key) => stepOf(key, 7))).toEqual([-1, 1, -7, 7, null])
    expect(stepOf('ArrowDown', 1)).toBeNull()
  })
})

describe('the calendar', () => {
  let pinia: Pinia
  let made: VueWrapper
  const items = [1, 2, 3, 4, 5].map((id) => duty(id, at(27, 8 + id), id === 5 ? { state: 'done' } : {}))

  function show(view: Calendar, more: Partial<{ mixed: boolean; items: DutyOnDay[] }> = {}): VueWrapper {
    const props = { view, days: daysShown(view, DAY), day: DAY, items, open: null, mixed: false, ...more }
    made = mount(DutyCalendar, { props, global: { plugins: [pinia, i18n] }, attachTo: document.body })
    return made
  }
  beforeEach(() => setActivePinia((pinia = createPinia())))
  afterEach(() => made.unmount())
  const day = (number: number): string => dayOf(new Date(2026, 10, number))

  it('shows a month with as many as a day holds, and the day opens what is more', async () => {
    const page = show('month')
    expect(page.findAll('section')).toHaveLength(42)
    const cell = page.find(`[data-day="${day(27)}"]`)
    expect(cell.findAll('[data-testid=calendar-duty]')).toHaveLength(2)
    expect(cell.find('.date').attributes('aria-label')).toContain('5')
    await cell.find('[data-testid=calendar-more]').trigger('click')
    expect(page.emitted('day')?.map(([one]) => dayOf(one as Date))).toEqual([day(27)])
    expect(page.find(`[data-day="${day(30)}"]`).classes()).not.toContain('away')
    expect(page.find('[data-day="2026-12-01"]').classes()).toContain('away')
  })

  it('opens a duty, and says by words what its colour says', async () => {
    const page = show('week')
    const found = page.findAll('[data-testid=calendar-duty]')
    expect(found.map((one) => one.attributes('data-duty'))).toEqual(['1', '2', '3', '4', '5'])
    await found[1]?.trigger('click')
    expect(page.emitted('open')).toEqual([[2]])
    expect(found[4]?.text()).toContain('✓')
    expect(found[4]?.attributes('aria-label')).toContain(i18n.global.t('duties.states.done'))
  })

  it('is gone through by keys, over its edge too', async () => {
    const page = show('week')
    const date = page.find<HTMLElement>(`[data-day="${day(27)}"] .date`)
    date.element.focus()
    await date.trigger('keydown', { key: 'ArrowRight' })
    await new Promise((resolve) => setTimeout(resolve))
    expect(document.activeElement?.closest('section')?.dataset.day).toBe(day(28))
    await page.find(`[data-day="${day(29)}"] .date`).trigger('keydown', { key: 'ArrowRight' })
    await page.find(`[data-day="${day(27)}"] .date`).trigger('keydown', { key: 'PageUp' })
    expect(page.emitted('turn')?.map(([by, to]) => [by, dayOf(to as Date)])).toEqual([
      [1, day(30)],
      [-1, day(27)],
    ])
  })

  it('of several people says whose each is', () => {
    const page = show('day', { mixed: true, items: [duty(1, at(27, 9), { owner: '' })] })
    expect(page.find('[data-testid=calendar-duty]').text()).toContain(i18n.global.t('duties.noOwner'))
  })
})
