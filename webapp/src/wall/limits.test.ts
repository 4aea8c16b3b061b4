import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'

import { i18n } from '../i18n'
import { agent, PretendedOffice } from '../kit/office'
import { useLive } from '../live'
import type { QueueNow } from '../model'
import LimitStrip from './LimitStrip.vue'
import { useThresholds } from './thresholds'

const limits = { waiting: { warn: 1, alarm: 2 }, service_level: { warn: 0.8, alarm: 0.6 }, talk: { warn: 10, alarm: 20 } }
const queue = (name: string, waiting: number, service_level: number | null): QueueNow => ({
  name,
  title: name.toUpperCase(),
  waiting: Array.from({ length: waiting }, (_, n) => ({ call: `c${n}`, caller: '', since: new Date().toISOString(), position: n + 1 })),
  longest_since: null,
  ready: 0,
  talking: 0,
  signed_in: 0,
  today: { offered: 0, answered: 0, abandoned: 0, short: 0, within: 0, target: 20, service_level, asa: null },
})

describe('the strip of what is too much', () => {
  let office: PretendedOffice
  beforeEach(() => {
    setActivePinia(createPinia())
    office = new PretendedOffice()
    i18n.global.locale.value = 'en'
    const kept = { queue: null, limits, version: 0, changed_at: null, changed_by: '' }
    office.on('GET /thresholds', { items: [kept], total: 1 })
  })

  it('names the queues and the agents beyond the alarm, and goes when they are not', async () => {
    useLive().start()
    await useThresholds().load()
    const long = new Date(Date.now() - 60_000).toISOString()
    const talking = agent({ login: '1001', name: '张三', state: 'talking', since: long })
    const topics = { 'queues/a': queue('a', 2, 0.9), 'queues/b': queue('b', 1, 0.5), 'agents/1001': talking }
    office.socket.say('live.snapshot', { seq: 0, topics })
    const strip = mount(LimitStrip, { global: { plugins: [i18n] } })
    await nextTick()
    const told = strip.findAll('.one').map((one) => one.text())
    expect(told).toEqual(['A: 2 waiting', 'B: service level 50%', 'Too long in a state: 张三'])
    const changes = { 'queues/a': queue('a', 1, 0.9), 'queues/b': queue('b', 0, null), 'agents/1001': null }
    office.socket.say('live.changed', { seq: 1, changes })
    await nextTick()
    expect(strip.find('[data-testid="limit-strip"]').exists()).toBe(false)
  })
})
