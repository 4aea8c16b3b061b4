import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { PretendedOffice, PretendedSocket, Refusal } from '../kit/office'
import { useLive } from '../live'
import type { PagePhone } from '../model'
import { useSession } from '../session'
import { usePhone } from './phone'

const READY: PagePhone = {
  login: '1001',
  page: 'p1',
  extension: '1001',
  state: 'ready',
  number: '',
  name: '',
  rings: false,
  held: false,
  away: false,
  ended: '',
}

/** What a browser would give: a microphone, a connection that comes up by itself, WebAudio that makes no sound. */
class PretendedTrack {
  kind = 'audio'
  enabled = true
  stopped = false
  onended: (() => void) | null = null
  stop(): void {
    this.stopped = true
  }
}

class PretendedStream {
  constructor(readonly tracks: PretendedTrack[] = [new PretendedTrack()]) {}
  getTracks = (): PretendedTrack[] => this.tracks
  getAudioTracks = (): PretendedTrack[] => this.tracks
}

class PretendedConnection extends EventTarget {
  static all: PretendedConnection[] = []
  static comesUp = true
  connectionState = 'new'
  iceGatheringState = 'complete'
  localDescription: { sdp: string } | null = null
  remote = ''
  replaced: unknown[] = []
  onconnectionstatechange: (() => void) | null = null
  ontrack: ((event: { streams: PretendedStream[]; track: PretendedTrack }) => void) | null = null

  constructor() {
    super()
    PretendedConnection.all.push(this)
  }

  addTransceiver(): { sender: { replaceTrack: (track: unknown) => Promise<void> } } {
    return { sender: { replaceTrack: (track) => Promise.resolve(void this.replaced.push(track)) } }
  }

  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: 'offer' }
    return Promise.resolve()
  }

  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.remote = sdp
    this.ontrack?.({ streams: [new PretendedStream()], track: new PretendedTrack() })
    if (PretendedConnection.comesUp) this.become('connected')
    return Promise.resolve()
  }

  become(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  close(): void {
    this.connectionState = 'closed'
  }
}

const param = { value: 0, setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined }
const strokes: number[] = []
class PretendedAudioContext {
  currentTime = 0
  destination = {}
  resume = (): Promise<void> => Promise.resolve()
  node = { connect: (to: unknown) => to, disconnect: () => undefined }
  createMediaStreamSource = (): unknown => this.node
  createAnalyser = (): unknown => ({ fftSize: 1024, getFloatTimeDomainData: (into: Float32Array) => into.fill(0.1) })
  createGain = (): unknown => ({ ...this.node, gain: param })
  createOscillator = (): unknown => ({
    ...this.node,
    frequency: param,
    start: () => strokes.push(1),
    stop: () => undefined,
  })
}

let office: PretendedOffice
let microphones: PretendedStream[]
let refusal: DOMException | null
let served: PagePhone

const settle = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0))
const told = async (more: Partial<PagePhone>): Promise<void> => {
  office.socket.say('phone.page', { ...READY, ...more })
  await settle()
}

async function open(): Promise<ReturnType<typeof usePhone>> {
  setActivePinia(createPinia())
  await useSession().load()
  useLive().start()
  office.socket.say('live.snapshot', { seq: 0, topics: {} })
  const phone = usePhone()
  phone.start()
  await settle()
  return phone
}

async function on(): Promise<ReturnType<typeof usePhone>> {
  const phone = await open()
  await phone.switchOn()
  await told({})
  return phone
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T08:00:00Z') })
  localStorage.clear()
  office = new PretendedOffice()
  microphones = []
  refusal = null
  served = READY
  strokes.length = 0
  PretendedConnection.all = []
  PretendedConnection.comesUp = true
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('RTCPeerConnection', PretendedConnection)
  vi.stubGlobal('MediaStream', PretendedStream)
  vi.stubGlobal('AudioContext', PretendedAudioContext)
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue(undefined)
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', { value: null, writable: true, configurable: true })
  vi.stubGlobal('navigator', {
    ...navigator,
    mediaDevices: {
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      enumerateDevices: () => Promise.resolve([{ kind: 'audioinput', deviceId: 'm1', label: '耳麦' }]),
      getUserMedia: () => {
        if (refusal) return Promise.reject(refusal)
        microphones.push(new PretendedStream())
        return Promise.resolve(microphones.at(-1))
      },
    },
  })
  office.on('GET /session', { login: '1001', name: '张三', role: 'agent', extension: '1001', language: 'zh-CN', rights: [], hidden: [] })
  office.on('GET /phone', () => ({ phone: served, ice_servers: [] }))
  office.on('POST /phone', { page: 'p1', sdp: 'answer' })
  for (const path of ['answer', 'hang-up', 'dial', 'keys', 'hold', 'transfer']) office.on(`POST /phone/${path}`, undefined)
  office.on('DELETE /phone', undefined)
})
afterEach(() => {
  usePhone().stop()
  useLive().stop()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('the page as a phone', () => {
  it('is off until it is switched on, then offers and takes the answer', async () => {
    const phone = await open()
    expect([phone.power, PretendedConnection.all.length]).toEqual(['off', 0])
    await phone.switchOn()
    expect(phone.power).toBe('on')
    expect(office.to('POST', '/phone')[0]?.body).toEqual({ sdp: 'offer' })
    expect(PretendedConnection.all[0]?.remote).toBe('answer')
    expect(phone.now.state).toBe('ready')
    await vi.advanceTimersByTimeAsync(200)
    expect(phone.spoken).toBeGreaterThan(0.5)
  })

  it('comes back with the next load of the page, unless it was switched off', async () => {
    const phone = await on()
    phone.stop()
    expect((await open()).power).toBe('on')
    await usePhone().switchOff()
    expect(office.to('DELETE', '/phone/p1')).toHaveLength(1)
    expect(microphones.every((stream) => stream.tracks.every((track) => track.stopped))).toBe(true)
    expect((await open()).power).toBe('off')
  })

  it.each([
    ['NotAllowedError', 'refused'],
    ['NotFoundError', 'no_microphone'],
    ['NotReadableError', 'microphone_busy'],
  ])('says what to do when the browser gives no microphone: %s', async (name, trouble) => {
    refusal = new DOMException('', name)
    const phone = await open()
    await phone.switchOn()
    expect([phone.power, phone.trouble]).toEqual(['off', trouble])
    expect(office.to('POST', '/phone')).toEqual([])
  })

  it('needs https', async () => {
    vi.stubGlobal('isSecureContext', false)
    const phone = await open()
    await phone.switchOn()
    expect(phone.trouble).toBe('insecure')
  })

  it('says when the server cannot, and when sound finds no way', async () => {
    office.on('POST /phone', new Refusal(503, 'unavailable'))
    const phone = await open()
    await phone.switchOn()
    expect(phone.trouble).toBe('server')
    office.on('POST /phone', { page: 'p1', sdp: 'answer' })
    PretendedConnection.comesUp = false
    const trying = phone.switchOn()
    await vi.advanceTimersByTimeAsync(21_000)
    await trying
    expect([phone.power, phone.trouble]).toEqual(['off', 'no_way'])
  })

  it('rings with a bell until it is answered', async () => {
    const phone = await on()
    await told({ state: 'ringing', number: '13800138000' })
    expect([phone.ringing, strokes.length]).toEqual([true, 1])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(strokes.length).toBe(3)
    await phone.answer()
    await told({ state: 'talking', number: '13800138000' })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(strokes.length).toBe(3)
    expect(office.to('POST', '/phone/answer')).toHaveLength(1)
  })

  it('is muted only for the call in which it was', async () => {
    const phone = await on()
    await told({ state: 'talking' })
    phone.mute(true)
    expect(microphones[0]?.tracks[0]?.enabled).toBe(false)
    await told({ state: 'ready', ended: 'over' })
    expect([phone.muted, microphones[0]?.tracks[0]?.enabled]).toEqual([false, true])
  })

  it('keeps still when another page of the same person takes over', async () => {
    const phone = await on()
    await told({ page: 'p2' })
    expect([phone.power, phone.trouble]).toEqual(['off', 'taken'])
    expect(office.to('DELETE', '/phone/p1')).toEqual([])
    expect((await open()).power).toBe('off')
  })

  it('looks for another way when its own is lost, with the call in it', async () => {
    const phone = await on()
    await told({ state: 'talking', number: '13800138000' })
    served = { ...READY, page: 'p2', state: 'talking', number: '13800138000' }
    office.on('POST /phone', { page: 'p2', sdp: 'answer again' })
    PretendedConnection.all[0]?.become('failed')
    expect(phone.power).toBe('starting')
    await vi.advanceTimersByTimeAsync(1000)
    expect([phone.power, phone.now.state]).toEqual(['on', 'talking'])
    expect(PretendedConnection.all[1]?.remote).toBe('answer again')
  })

  it('is offered anew when the server has lost it, and gives up in the end', async () => {
    const phone = await on()
    await told({ page: '', state: 'off', away: true })
    expect(phone.power).toBe('starting')
    office.on('POST /phone', new Refusal(503, 'unavailable'))
    await vi.advanceTimersByTimeAsync(200_000)
    expect([phone.power, phone.trouble]).toEqual(['off', 'server'])
    office.on('POST /phone', { page: 'p1', sdp: 'answer' })
    const lines = PretendedSocket.all.length
    office.socket.lose() // a server that took long to come back: with it the phone is there again
    while (PretendedSocket.all.length === lines) await vi.advanceTimersByTimeAsync(100)
    office.socket.say('live.snapshot', { seq: 0, topics: {} })
    await vi.advanceTimersByTimeAsync(100)
    expect([phone.power, phone.trouble]).toEqual(['on', null])
  })

  it('speaks on with another microphone when one is pulled out', async () => {
    await on()
    microphones[0]?.tracks[0]?.onended?.()
    await settle()
    await settle()
    expect(microphones).toHaveLength(2)
    expect(PretendedConnection.all[0]?.replaced).toEqual([microphones[1]?.tracks[0]])
  })
})
