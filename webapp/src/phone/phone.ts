/**
 * This page as the phone of who uses it: switched on once, it stays on (also over a reload) until it is switched off,
 * another page takes over, or the browser refuses. Ringing and the rest come from the server as events; what this page
 * adds is sound, a bell, and coming back by itself when the way to the server was lost.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, ApiError } from '../api'
import { backOff } from '../feed'
import { useLive } from '../live'
import type { PagePhone } from '../model'
import { say } from '../saying'
import { useSession } from '../session'
import { Bell, Connection, Meter, openMicrophone, SoundTrouble, type Trouble } from './sound'

export type Switch = 'off' | 'starting' | 'on'

const WANTED = 'callcenter.pagePhone'
const MICROPHONE = 'callcenter.microphone'
const SPEAKER = 'callcenter.speaker'
const METER_EVERY = 100
/** A way that was lost is looked for again this often before the person is told to help. */
const MOST_TRIES = 8
const NO: PagePhone = {
  login: '',
  page: '',
  extension: null,
  state: 'off',
  number: '',
  name: '',
  rings: false,
  held: false,
  away: false,
  ended: '',
}

export const usePhone = defineStore('phone', () => {
  const live = useLive()
  const session = useSession()

  const power = ref<Switch>('off')
  const trouble = ref<Trouble | null>(null)
  /** What the server says of it. */
  const now = ref<PagePhone>(NO)
  const muted = ref(false)
  const microphones = ref<MediaDeviceInfo[]>([])
  const speakers = ref<MediaDeviceInfo[]>([])
  const microphone = ref(localStorage.getItem(MICROPHONE) ?? '')
  const speaker = ref(localStorage.getItem(SPEAKER) ?? '')
  const spoken = ref(0)
  const heard = ref(0)
  /** The call that is shown in the strip: ringing, dialled or spoken. */
  const inCall = computed(() => ['ringing', 'dialling', 'talking'].includes(now.value.state))
  const ringing = computed(() => power.value === 'on' && now.value.state === 'ringing')
  const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype

  const stream = shallowRef<MediaStream | null>(null)
  let connection: Connection | null = null
  /** This page's id as a phone; "" while it has none. confirmed: the server has said that it is the phone. */
  let page = ''
  let confirmed = false
  let context: AudioContext | null = null
  let bell: Bell | null = null
  let meters: { mine: Meter; theirs: Meter | null } | null = null
  let metering: ReturnType<typeof setInterval> | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let tries = 0
  const player = new Audio()
  player.autoplay = true
  let stopListening: (() => void)[] = []

  // ---- the page's life ----------------------------------------------------------------------------

  function start(): void {
    stopListening = [
      live.listen((fact) => {
        if (fact.type === 'phone.page') told(fact.data as unknown as PagePhone)
      }),
      live.whenBack(() => void (power.value === 'off' && wanted() ? switchOn() : lookAgain())),
    ]
    navigator.mediaDevices?.addEventListener('devicechange', devicesChanged)
    if (wanted()) void switchOn()
  }

  /** It was on and nobody switched it off: what went wrong meanwhile may be over. */
  const wanted = (): boolean => session.me !== null && localStorage.getItem(WANTED) === session.me.login

  function stop(): void {
    for (const each of stopListening) each()
    navigator.mediaDevices?.removeEventListener('devicechange', devicesChanged)
    silence()
  }

  async function switchOn(): Promise<void> {
    if (power.value !== 'off') return
    power.value = 'starting'
    trouble.value = null
    tries = 0
    try {
      await openSound()
      await connect()
      localStorage.setItem(WANTED, session.me?.login ?? '')
    } catch (why) {
      giveUp(why)
    }
  }

  /** For good: the server is told, and the next load of the page does not begin it again. */
  async function switchOff(): Promise<void> {
    localStorage.removeItem(WANTED)
    const mine = page
    silence()
    trouble.value = null
    if (mine) {
      await api.disconnectPhone(mine).catch((why: unknown) => {
        if (!(why instanceof ApiError && why.status === 404)) throw why
      })
    }
  }

  /** Everything here ends; what the server knows of this page ends by itself a little later, or was ended before. */
  function silence(): void {
    clearTimeout(again)
    clearInterval(metering)
    bell?.stop()
    connection?.close()
    connection = null
    meters?.mine.stop()
    meters?.theirs?.stop()
    meters = null
    for (const track of stream.value?.getTracks() ?? []) track.stop()
    stream.value = null
    player.srcObject = null
    page = ''
    confirmed = false
    power.value = 'off'
    now.value = NO
    muted.value = false
    spoken.value = heard.value = 0
  }

  function giveUp(why: unknown): void {
    silence()
    if (why instanceof SoundTrouble) trouble.value = why.trouble
    else {
      trouble.value = 'server'
      if (!(why instanceof ApiError)) throw why
    }
  }

  // ---- sound --------------------------------------------------------------------------------------

  async function openSound(): Promise<void> {
    stream.value = await openMicrophone(microphone.value)
    context ??= new AudioContext()
    await context.resume()
    bell ??= new Bell(context)
    meters = { mine: new Meter(context, stream.value), theirs: null }
    metering = setInterval(() => {
      spoken.value = muted.value ? 0 : (meters?.mine.level() ?? 0)
      heard.value = meters?.theirs?.level() ?? 0
    }, METER_EVERY)
    await listDevices()
    await useSpeaker()
    watchTrack()
  }

  /** A microphone that was pulled out: another one, if there is one. */
  function watchTrack(): void {
    const track = stream.value?.getAudioTracks()[0]
    if (track) track.onended = () => void chooseMicrophone('').catch(giveUp)
  }

  async function listDevices(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices()
    microphones.value = all.filter((device) => device.kind === 'audioinput')
    speakers.value = all.filter((device) => device.kind === 'audiooutput')
  }

  function devicesChanged(): void {
    if (power.value !== 'off') listDevices().catch(say.fault)
  }

  async function chooseMicrophone(device: string): Promise<void> {
    microphone.value = device
    localStorage.setItem(MICROPHONE, device)
    if (power.value === 'off' || !context) return
    const opened = await openMicrophone(device)
    for (const track of stream.value?.getTracks() ?? []) track.stop()
    stream.value = opened
    meters?.mine.stop()
    meters = { mine: new Meter(context, opened), theirs: meters?.theirs ?? null }
    applyMute()
    await connection?.speakWith(opened)
    watchTrack()
  }

  async function chooseSpeaker(device: string): Promise<void> {
    speaker.value = device
    localStorage.setItem(SPEAKER, device)
    await useSpeaker()
  }

  async function useSpeaker(): Promise<void> {
    if (!canChooseSpeaker) return
    // One that is not there any more is no fault: the usual one speaks.
    await player.setSinkId(speaker.value).catch(() => player.setSinkId(''))
  }

  function mute(on: boolean): void {
    muted.value = on
    applyMute()
  }

  function applyMute(): void {
    for (const track of stream.value?.getAudioTracks() ?? []) track.enabled = !muted.value
  }

  function hears(theirs: MediaStream): void {
    player.srcObject = theirs
    player.play().catch(say.fault)
    if (!context || !meters) return
    meters.theirs?.stop()
    meters.theirs = new Meter(context, theirs)
  }

  // ---- the way to the server ----------------------------------------------------------------------

  async function connect(): Promise<void> {
    if (!stream.value) return
    const { ice_servers: servers } = await api.phone()
    const mine = new Connection(stream.value, servers, { hears, over: () => lost(mine) })
    const before = connection
    connection = mine
    try {
      const answer = await api.connectPhone(await mine.offer())
      if (connection !== mine) return
      page = answer.page
      confirmed = false
      await mine.answered(answer.sdp)
    } catch (why) {
      mine.close()
      throw why
    }
    before?.close()
    if (connection !== mine) return
    tries = 0
    power.value = 'on'
    told((await api.phone()).phone)
  }

  /** The way was lost, or the server was started anew: look for another one, less and less often. */
  function lost(which: Connection): void {
    if (which !== connection || power.value === 'off') return
    power.value = 'starting'
    clearTimeout(again)
    again = setTimeout(() => void tryAgain(), backOff(tries++, Math.random()) * 1000)
  }

  async function tryAgain(): Promise<void> {
    try {
      await connect()
    } catch (why) {
      const forGood = why instanceof SoundTrouble ? why.trouble !== 'no_way' : false
      if (forGood || tries >= MOST_TRIES || !connection) giveUp(why)
      else lost(connection)
    }
  }

  /** After a time without events: does the server still know this page? */
  async function lookAgain(): Promise<void> {
    if (power.value !== 'on' || !connection) return
    try {
      const { phone } = await api.phone()
      if (phone.page === page) told(phone)
      else if (phone.page) told(phone)
      else lost(connection)
    } catch (why) {
      if (!(why instanceof ApiError)) throw why
      lost(connection)
    }
  }

  function told(phone: PagePhone): void {
    if (power.value === 'off') return
    if (phone.page === page) confirmed = true
    else if (phone.page && confirmed) {
      localStorage.removeItem(WANTED)
      silence()
      trouble.value = 'taken'
      return
    } else if (!phone.page && confirmed && connection) {
      confirmed = false
      lost(connection)
    }
    const before = now.value.state
    now.value = phone
    if (phone.state === 'ringing') bell?.ring()
    else bell?.stop()
    if (before === 'talking' && phone.state !== 'talking') mute(false)
  }

  // ---- what a phone does --------------------------------------------------------------------------

  const answer = (): Promise<void> => api.answerPhone()
  const hangUp = (): Promise<void> => api.hangUpPhone()
  const dial = (number: string): Promise<void> => api.dialPhone(number)
  const press = (keys: string): Promise<void> => api.pressKeys(keys)
  const hold = (held: boolean): Promise<void> => api.holdPhone(held)
  const transfer = (number: string): Promise<void> => api.transferPhone(number)

  return {
    power,
    trouble,
    now,
    muted,
    microphones,
    speakers,
    microphone,
    speaker,
    spoken,
    heard,
    inCall,
    ringing,
    canChooseSpeaker,
    start,
    stop,
    switchOn,
    switchOff,
    chooseMicrophone,
    chooseSpeaker,
    mute,
    answer,
    hangUp,
    dial,
    press,
    hold,
    transfer,
  }
})
