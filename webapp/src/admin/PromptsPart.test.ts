import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import type { Prompt, PromptDraft } from '../model'
import { draftNames, fits, isHouseOnly } from './prompts'
import PromptsPart from './PromptsPart.vue'

const sound = { seconds: 3.4, level: -20.1, peak: -3, loudness: -21.2 }
function prompt(name: string, more: Partial<Prompt> = {}): Prompt {
  return {
    name,
    language: 'zh-CN',
    file: `zh-CN/${name}.wav`,
    octets: 54_000,
    changed: '2026-11-26T09:00:00+08:00',
    sound,
    fault: '',
    source: 'upload',
    version: 2,
    by: 'admin',
    text: '',
    versions: 2,
    instead: '',
    uses: [],
    ...more,
  }
}
const none = { file: '', sound: null, source: null, version: null, versions: 0, by: '' }
const house = prompt('voicemail', { ...none, instead: '请留言。', uses: [{ where: 'house', name: '', node: '' }] })
const welcome = prompt('welcome', { uses: [{ where: 'flow', name: 'main', node: 'hello' }] })
const missing = prompt('offer', { ...none, uses: [{ where: 'flow', name: 'main', node: 'ask' }] })
const draft: PromptDraft = {
  id: 'd1',
  source: 'upload',
  by: 'admin',
  at: '2026-11-26T09:00:00+08:00',
  state: 'ready',
  why: '',
  name: '',
  text: '',
  language: '',
  sound,
}

let office: PretendedOffice
let played: string[]
beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /prompts', { items: [welcome, missing, house], total: 3 })
  played = []
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockImplementation(function (this: HTMLMediaElement) {
    played.push(new URL(this.src).pathname + new URL(this.src).search)
    return Promise.resolve()
  })
  vi.spyOn(HTMLMediaElement.prototype, 'pause').mockImplementation(() => undefined)
})
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

async function open(): Promise<ReturnType<typeof mount>> {
  const router = createRouter({
    history: createMemoryHistory('/app/'),
    routes: [
      { path: '/flows/:flow', name: 'flow', component: { template: '<i/>' } },
      { path: '/admin/:part', name: 'admin', component: { template: '<i/>' } },
      { path: '/', component: { template: '<i/>' } },
    ],
  })
  const page = mount(PromptsPart as never, { global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  await flushPromises()
  return page as ReturnType<typeof mount>
}
const row = (page: ReturnType<typeof mount>, name: string) => page.get(`[data-prompt="${name}"]`)

describe('prompts', () => {
  it('are listed with length, level, source and where they are used, which leads to the flow', async () => {
    const page = await open()
    const text = row(page, 'welcome').text()
    for (const part of ['welcome', '00:03', '-20.1 dBFS', i18n.global.t('prompts.sources.upload')]) expect(text).toContain(part)
    expect(row(page, 'welcome').get('a').attributes('href')).toBe('/app/flows/main')
    expect(row(page, 'offer').text()).toContain(i18n.global.t('prompts.silent'))
    expect(page.find('[data-prompt=voicemail]').exists()).toBe(false)
    await page.get('[data-testid=prompt-all] input').setValue(true)
    expect(row(page, 'voicemail').text()).toContain(i18n.global.t('prompts.shipped'))
    await page.get('[data-testid=prompt-search]').setValue('main hello')
    expect(page.findAll('[data-testid=prompt-row]').map((found) => found.attributes('data-prompt'))).toEqual(['welcome'])
  })

  it('play in their place', async () => {
    const page = await open()
    await row(page, 'welcome').get('[data-testid=prompt-play]').trigger('click')
    expect(played).toEqual(['/api/v1/prompt_sounds/zh-CN/welcome'])
    expect(row(page, 'offer').find('[data-testid=prompt-play]').exists()).toBe(false)
  })

  it('are uploaded by dropping a file, listened to, named and kept', async () => {
    office.on('POST /prompt_drafts', { ...draft, name: '新 欢迎词.mp3' })
    office.on('POST /prompt_drafts/d1/keep', { prompt: welcome, kept: [] })
    const page = await open()
    const file = new File(['x'], '新 欢迎词.mp3', { type: 'audio/mpeg' })
    await page.get('[data-testid=prompts]').trigger('drop', { dataTransfer: { files: [file] } })
    await flushPromises()
    expect(office.to('POST', '/prompt_drafts')[0]?.query.get('name')).toBe('新 欢迎词.mp3')
    await page.get('[data-testid=prompt-draft-play]').trigger('click')
    expect(played).toEqual(['/api/v1/prompt_drafts/d1/sound'])
    expect((page.get('[data-testid=prompt-name]').element as HTMLInputElement).value).toBe('新_欢迎词')
    await page.get('[data-testid=prompt-draft]').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/prompt_drafts/d1/keep').map(({ body }) => body)).toEqual([
      { name: '新_欢迎词', language: 'zh-CN' },
    ])
    expect(page.find('[data-testid=prompt-draft]').exists()).toBe(false)
  })

  it('that cannot be used say why on the page', async () => {
    office.on('POST /prompt_drafts', new Refusal(422, 'wrong_fields'))
    const page = await open()
    await page.get('[data-testid=prompts]').trigger('drop', { dataTransfer: { files: [new File(['x'], 'a.txt')] } })
    await flushPromises()
    expect(page.get('[data-testid=prompt-refused]').text()).toContain('wrong_fields')
  })

  it('are spoken into a phone, which is looked at until the sound is there', async () => {
    vi.useFakeTimers()
    const states: PromptDraft['state'][] = ['speaking', 'making', 'ready']
    office.on('POST /prompt_drafts/phone', { ...draft, source: 'phone', state: 'ringing', sound: null })
    office.on('GET /prompt_drafts/d1', () => ({ ...draft, source: 'phone', state: states.shift() }))
    const page = await open()
    await page.get('[data-testid=prompt-phone]').trigger('click')
    await page.get('[data-testid=prompt-extension]').setValue(' 1001 ')
    await page.get('[data-testid=prompt-phone-form]').trigger('submit')
    await vi.advanceTimersByTimeAsync(0)
    expect(office.to('POST', '/prompt_drafts/phone').map(({ body }) => body)).toEqual([{ extension: '1001' }])
    const seen: (string | undefined)[] = []
    for (let n = 0; n < 4; n++) {
      seen.push(page.get('[data-testid=prompt-draft]').attributes('data-state'))
      await vi.advanceTimersByTimeAsync(500)
    }
    expect(seen).toEqual(['ringing', 'speaking', 'making', 'ready'])
    expect(office.to('GET', '/prompt_drafts/d1')).toHaveLength(3)
  })

  it('are read aloud and heard before they are kept', async () => {
    office.on('POST /prompt_drafts/speech', { ...draft, source: 'speech', text: 'Hello', language: 'en' })
    const page = await open()
    await page.get('[data-testid=prompt-speech]').trigger('click')
    await page.get('[data-testid=prompt-text]').setValue('Hello')
    await page.get('[data-testid=prompt-speech-form]').trigger('submit')
    await flushPromises()
    expect(office.to('POST', '/prompt_drafts/speech')[0]?.body).toEqual({ text: 'Hello', language: 'zh-CN' })
    expect(played).toEqual(['/api/v1/prompt_drafts/d1/sound'])
  })

  it('have versions that can be brought back', async () => {
    const version = { number: 1, source: 'file', by: '', at: draft.at, text: '', octets: 9, sound, in_service: false }
    office.on('GET /prompts/zh-CN/welcome', { prompt: welcome, kept: [{ ...version, number: 2, in_service: true }, version] })
    office.on('POST /prompt_versions/zh-CN/welcome', { prompt: welcome, kept: [] })
    const page = await open()
    await row(page, 'welcome').get('[data-testid=prompt-versions]').trigger('click')
    await flushPromises()
    const back = document.querySelectorAll<HTMLElement>('[data-testid=prompt-bring-back]')
    expect(back).toHaveLength(1)
    back[0]?.click()
    await flushPromises()
    expect(office.to('POST', '/prompt_versions/zh-CN/welcome')[0]?.body).toEqual({ number: 1 })
  })
})

describe('the names of prompts', () => {
  it.each([
    ['欢迎词.mp3', '欢迎词'],
    ['My file (2).wav', 'My_file_2'],
    ['../../etc/passwd.ogg', 'etc_passwd'],
    ['..', ''],
    ['ｗｅｌｃｏｍｅ.wav', 'welcome'],
  ])('of a file %s is %s', (file, name) => {
    expect(draftNames({ ...draft, name: file }, null).name).toBe(name)
  })

  it('stay when one is replaced', () => {
    expect(draftNames({ ...draft, name: 'x.wav' }, { name: 'words/三百', language: 'zh' })).toEqual({
      name: 'words/三百',
      language: 'zh',
    })
  })

  it('are found by any of their words', () => {
    expect(fits(welcome, 'MAIN wel')).toBe(true)
    expect(fits(welcome, 'sales')).toBe(false)
    expect([isHouseOnly(house), isHouseOnly(missing), isHouseOnly(welcome)]).toEqual([true, false, false])
  })
})
