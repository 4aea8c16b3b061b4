import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { i18n } from '../i18n'
import { legSound } from '../kit/office'
import CallSound from './CallSound.vue'
import { gradeOf, percent, waysOf } from './sound'

describe('what figures mean', () => {
  it.each([
    [4.41, 'good'],
    [4.0, 'good'],
    [3.99, 'fair'],
    [3.6, 'fair'],
    [3.59, 'poor'],
    [1, 'poor'],
  ] as const)('MOS %s is %s', (mos, grade) => expect(gradeOf(mos)).toBe(grade))

  it.each([
    [0, '0 %'],
    [0.0004, '< 0.1 %'],
    [0.012, '1.2 %'],
    [0.5, '50 %'],
  ])('%s is shown as %s', (share, shown) => expect(percent(share)).toBe(shown))

  it('what came too late counts as lost; what nobody told is left out', () => {
    const [from, ...rest] = waysOf([legSound({ received: 950, lost: 50, late: 10, sent: 1000 })])
    expect(from?.loss).toBeCloseTo(0.06)
    expect(rest).toEqual([])
  })

  it('a phone that reports has a second line', () => {
    const ways = waysOf([legSound({ sent: 1000, lost_there: 30, jitter_there_ms: 12, mos_there: 3.9 })])
    expect(ways.map((way) => [way.from, way.loss, way.mos])).toEqual([
      [true, 0, 4.38],
      [false, 0.03, 3.9],
    ])
  })

  it('a leg that sent nothing and heard nothing has no line', () => {
    expect(waysOf([legSound({ received: 0, sent: 0, mos: null })])).toEqual([])
  })
})

describe.each(['zh-CN', 'en'] as const)('the table in %s', (language) => {
  it('shows each way with its word, and the figure behind it', () => {
    i18n.global.locale.value = language
    const page = mount(CallSound, {
      props: {
        sounds: [
          legSound({ lost: 60, received: 940, mos: 3.5, round_trip_ms: 84.2 }),
          legSound({ leg: 2, side: 'agent', number: '1001', lost_there: 0, jitter_there_ms: 2, mos_there: 4.3 }),
        ],
      },
      global: { plugins: [i18n] },
    })
    const rows = page.findAll('[data-testid=sound-way]')
    expect(rows.map((row) => row.attributes('data-side'))).toEqual(['caller', 'agent', 'agent'])
    expect(rows[0]?.text()).toContain('6.0 %')
    expect(rows[0]?.text()).toContain('84 ms')
    const words = page.findAll('[data-testid=sound-word]')
    expect(words.map((word) => word.attributes('data-grade'))).toEqual(['poor', 'good', 'good'])
    expect(words[0]?.text()).toContain(i18n.global.t('sound.poor'))
    expect(words[0]?.attributes('title')).toContain('3.50')
    expect(page.text()).not.toMatch(/sound\.|call\./)
  })

  it('is not there where nothing is known', () => {
    expect(mount(CallSound, { props: { sounds: [] }, global: { plugins: [i18n] } }).find('section').exists()).toBe(false)
  })
})
