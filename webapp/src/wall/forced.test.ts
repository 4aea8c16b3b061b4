import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice } from '../kit/office'
import { useLive } from '../live'
import type { Me } from '../model'
import { useSession } from '../session'
import ForcedNote from './ForcedNote.vue'

describe('who has set the state of an agent', () => {
  let office: PretendedOffice
  beforeEach(() => {
    setActivePinia(createPinia())
    office = new PretendedOffice()
    i18n.global.locale.value = 'en'
    useSession().me = { login: '1001', name: '张三', role: 'agent', extension: null, language: 'en', rights: [], hidden: [] } satisfies Me
  })

  it('is told to that agent, by name, until it is read, and to nobody else', async () => {
    useLive().start()
    const note = mount(ForcedNote, { global: { plugins: [i18n] } })
    office.socket.say('agent.forced', { agent: '1002', by: '2001', name: '王班长', state: 'ready', reason: '' })
    await nextTick()
    expect(note.find('[data-testid="forced-note"]').exists()).toBe(false)
    office.socket.say('agent.forced', { agent: '1001', by: '2001', name: '王班长', state: 'signed_out', reason: '' })
    await nextTick()
    expect(note.text()).toContain('王班长 signed you out')
    await note.find('.el-button, el-button').trigger('click')
    expect(note.find('[data-testid="forced-note"]').exists()).toBe(false)
  })
})
