import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import AppraisalPanel from './AppraisalPanel.vue'
import { freshId, missing, newQuestion, pointsOf, scoreSoFar, wantsComment, type Question, type Template, type Whole } from './model'
import { newsOf } from './news'

const question = (id: string, more: Partial<Question> = {}): Question => ({ ...newQuestion(id), chinese: id, english: id, ...more })
const template: Template = {
  id: 1, version: 1, chinese: '卡', english: 'Card', active: true, passing: 80, dispute_days: 7,
  changed_at: '2026-08-03T01:00:00Z', changed_by: 'root',
  sections: [
    { chinese: '甲', english: 'A', weight: 40, questions: [question('a', { points: 10 }), question('b', { kind: 'yes_no', points: 10, fatal: true })] },
    { chinese: '乙', english: 'B', weight: 60, questions: [question('c', { points: 5, weight: 2, optional: true })] },
  ],
}
const given = (points: number | null) => ({ points, comment: '', marks: [] as number[] })

describe('a sheet that is being filled in', () => {
  it('is worth what the server says of it, as far as it is filled in', () => {
    expect(scoreSoFar(template, {})).toBeNull()
    expect(scoreSoFar(template, { a: given(5), b: given(10), c: given(5) })).toBe(90)
    expect(scoreSoFar(template, { a: given(10), b: given(10), c: given(null) })).toBe(100)
    expect(scoreSoFar(template, { a: given(10), b: given(0), c: given(5) })).toBe(0)
  })
  it('says what is to go, and where a comment is needed', () => {
    expect(missing(template, { a: given(1) })).toEqual(['b', 'c'])
    const [a, b] = template.sections[0]!.questions
    expect([wantsComment(a!, given(5)), wantsComment(a!, given(6)), wantsComment(b!, given(0)), wantsComment(a!, undefined)]).toEqual([true, false, true, false])
  })
  it('shows what may be answered one by one where that is little', () => {
    expect(pointsOf(question('x', { points: 3 }))).toEqual([0, 1, 2, 3])
    expect(pointsOf(question('x', { points: 11 }))).toBeNull()
    expect(pointsOf(question('x', { kind: 'yes_no', points: 4 }))).toEqual([4, 0])
  })
  it('gives a new question a number that no other one has', () => {
    const taken = { ...template, sections: [{ ...template.sections[0]!, questions: [question('q2'), question('q3')] }] }
    expect(freshId(taken)).toBe('q4')
  })
})

describe('the news', () => {
  const fact = (data: object) => ({ type: 'appraisal.changed', at: '', data: { told: true, agent: '1001', appraiser: 'lead', by: 'lead', state: 'submitted', appraisal: 1, ...data } })
  it('is for the agent, once it is submitted or looked at again, and not of their own doing', () => {
    expect(newsOf(fact({}), '1001')).toBe('news')
    expect(newsOf(fact({}), 'lead')).toBeNull()
    expect(newsOf(fact({ state: 'corrected', by: 'chief' }), '1001')).toBe('reviewed')
    expect(newsOf(fact({ state: 'disputed', by: '1001' }), '1001')).toBeNull()
    expect(newsOf(fact({ told: false, state: 'open' }), '1001')).toBeNull()
  })
})

describe('the panel', () => {
  let office: PretendedOffice
  const whole = (may: Whole['may']): Whole => ({
    appraisal: {
      id: 3, call: 'c', call_at: '2026-08-03T01:00:00Z', seconds: 60, agent: '1001', team: '', queue: '', recording: null, template: 1,
      template_version: 1, plan: null, calibration: null, appraiser: 'lead', state: 'open', due: null, answers: {}, summary: '', score: null,
      fatal: false, passed: null, scored_at: null, version: 1,
    },
    template, scores: [], steps: [], disputable_until: null, may,
  })
  const panel = async () => {
    const pinia = createPinia()
    setActivePinia(pinia)
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '<i/>' } }] })
    const mounted = mount(AppraisalPanel as never, { props: { id: 3, changes: 0 } as never, global: { plugins: [pinia, i18n, router] }, attachTo: document.body })
    await flushPromises()
    return mounted
  }
  beforeEach(() => {
    office = new PretendedOffice()
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    document.body.innerHTML = ''
  })

  it('keeps what is filled in when another has saved meanwhile, and saves over what was seen then', async () => {
    office.on('GET /appraisals/3', whole(['score']))
    office.on('PUT /appraisals/3', new Refusal(409, 'changed_meanwhile', {}, { now: { version: 5 } }))
    const mounted = await panel()
    await mounted.find('[data-testid=answer-a-5]').setValue(true)
    await mounted.find('[data-testid=appraisal-save]').trigger('click')
    await flushPromises()
    expect((mounted.find('[data-testid=answer-a-5]').element as HTMLInputElement).checked).toBe(true)
    office.on('PUT /appraisals/3', { ...whole([]).appraisal, version: 6 })
    await mounted.find('[data-testid=appraisal-save]').trigger('click')
    await flushPromises()
    const sent = office.asked.filter((one) => one.method === 'PUT').map((one) => one.body as { version: number; answers: object })
    expect(sent.map((one) => one.version)).toEqual([1, 5])
    expect(sent[1]!.answers).toEqual({ a: { points: 5, comment: '', marks: [] } })
  })

  it('shows who may only read no more than that', async () => {
    office.on('GET /appraisals/3', whole([]))
    const mounted = await panel()
    expect(mounted.find('input[type=radio]').exists()).toBe(false)
    expect(mounted.find('[data-testid=appraisal-submit]').exists()).toBe(false)
  })
})
