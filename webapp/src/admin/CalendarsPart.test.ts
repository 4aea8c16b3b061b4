import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import type { Calendar } from '../model'
import CalendarsPart from './CalendarsPart.vue'
import { draftOf, isRight, spansAreRight, spansOf, toSend } from './calendars'

const CALENDAR: Calendar = {
  name: 'office',
  title: '上班',
  zone: '',
  hours: { monday: ['09:00-12:00', '13:00-18:00'], friday: ['22:00-06:00'] },
  holidays: [{ first: '2026-10-01', last: '2026-10-07', name: '国庆节', hours: [] }],
  make_up: [{ date: '2026-10-10', like: 'monday', name: '国庆节调休' }],
}
const AT = {
  time: '2026-10-02T10:00:00+08:00',
  zone: 'Asia/Shanghai',
  open: false,
  why: 'holiday',
  name: '国庆节',
  until: '2026-10-08T09:00:00+08:00',
  queues: [],
}
const { t } = i18n.global

let office: PretendedOffice
beforeEach(() => {
  office = new PretendedOffice()
  sessionStorage.clear()
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function open(): Promise<ReturnType<typeof mount>> {
  const page = mount(CalendarsPart as never, { global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}

describe('hours that are typed', () => {
  it('are read as people write them', () => {
    expect(spansOf(' 9:00-12:00，13：00 — 18:00 ')).toEqual(['09:00-12:00', '13:00-18:00'])
    expect(spansOf('')).toEqual([])
  })

  it('are told when they are none', () => {
    for (const right of ['', '00:00-24:00', '22:00-06:00']) expect(spansAreRight(right), right).toBe(true)
    for (const wrong of ['9-12', '09:00', '25:00-26:00', 'morning']) expect(spansAreRight(wrong), wrong).toBe(false)
  })

  it('go back as they came; empty rows do not', () => {
    const draft = draftOf(CALENDAR)
    draft.holidays.push({ first: '', last: '', name: '', hours: '' })
    const { name, ...rest } = CALENDAR
    expect(name).toBe('office')
    expect(isRight(draft)).toBe(true)
    expect(toSend(draft)).toEqual(rest)
  })
})

describe('the page of calendars', () => {
  it('shows the week and the days, and sends what was changed', async () => {
    office.on('GET /calendars', { items: [CALENDAR], total: 1 })
    office.on('PUT /calendars/office', CALENDAR)
    const page = await open()
    expect(page.findAll('[data-testid=holiday]').map((row) => row.attributes('data-first'))).toEqual(['2026-10-01'])
    expect(page.findAll('[data-testid=make-up]').map((row) => row.attributes('data-date'))).toEqual(['2026-10-10'])
    await page.get('[data-testid=calendar-saturday]').setValue('9:00-12:00')
    await page.get('[data-testid=calendar-save]').trigger('click')
    await flushPromises()
    const [sent] = office.to('PUT', '/calendars/office')
    expect(sent?.body).toEqual({
      hours: { ...CALENDAR.hours, saturday: ['09:00-12:00'] },
      was: { hours: CALENDAR.hours },
    })
  })

  it('keeps what was typed when somebody else has changed the calendar, and saves it over that', async () => {
    const now = { ...CALENDAR, title: '新名称', hours: { ...CALENDAR.hours, monday: ['08:00-12:00'] } }
    office.on('GET /calendars', { items: [CALENDAR], total: 1 })
    office.on('PUT /calendars/office', new Refusal(409, 'thing_changed', {}, { changed: ['hours'], now }))
    const page = await open()
    await page.get('[data-testid=calendar-saturday]').setValue('9:00-12:00')
    await page.get('[data-testid=calendar-save]').trigger('click')
    await flushPromises()
    expect(page.get('[data-testid=calendar-refused]').text()).toContain(t('calendars.changedMeanwhile'))
    office.on('PUT /calendars/office', now)
    await page.get('[data-testid=calendar-save]').trigger('click')
    await flushPromises()
    const sent = office.to('PUT', '/calendars/office')[1]?.body as { hours: Calendar['hours']; was: object }
    expect(sent.hours.saturday).toEqual(['09:00-12:00'])
    expect(sent.was).toEqual({ hours: now.hours })
  })

  it('sends nothing that cannot be read', async () => {
    office.on('GET /calendars', { items: [CALENDAR], total: 1 })
    const page = await open()
    await page.get('[data-testid=calendar-saturday]').setValue('morning')
    await page.get('[data-testid=calendar-save]').trigger('click')
    await flushPromises()
    expect(office.to('PUT', '/calendars/office')).toEqual([])
    expect(page.get('[data-testid=calendar-refused]').text()).toContain(t('calendars.hoursWrong'))
  })

  it('says what happens at a moment, and why', async () => {
    office.on('GET /calendars', { items: [CALENDAR], total: 1 })
    office.on('GET /calendars/office/at', AT)
    const page = await open()
    await page.get('[data-testid=calendar-time]').setValue('2026-10-02T10:00')
    await page.get('[data-testid=calendar-ask]').trigger('click')
    await flushPromises()
    const [asked] = office.to('GET', '/calendars/office/at')
    expect(asked?.query.get('time')).toBe(new Date('2026-10-02T10:00').toISOString())
    const said = page.get('[data-testid=calendar-answer]').text()
    for (const part of [t('calendars.closed'), '国庆节', 'Asia/Shanghai', '2026-10-08', '09:00']) expect(said).toContain(part)
  })

  it('says each fault of a file that is refused, with its line', async () => {
    const faults = [{ file: 'holidays.csv', line: 3, reason: 'off (休)' }]
    office.on('GET /calendars', { items: [CALENDAR], total: 1 })
    office.on('POST /calendars/office/days', new Refusal(422, 'faulty_file', {}, { faults }))
    const page = await open()
    const input = page.get('[data-testid=calendar-file]')
    Object.defineProperty(input.element, 'files', { value: [new File(['x'], 'days.csv')] })
    await input.trigger('change')
    await flushPromises()
    expect(page.get('[data-testid=file-faults]').text()).toContain('holidays.csv:3')
  })
})
