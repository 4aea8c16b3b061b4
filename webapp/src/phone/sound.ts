/**
 * What a browser needs to be a phone: microphone, loudspeaker, the connection between them and the server, the bell.
 * The only file that knows WebRTC and WebAudio; what to do with it is phone.ts's to say.
 */

/** Why it cannot be a phone: each has a sentence for people in the catalogues (phone.trouble.…). */
export type Trouble =
  | 'insecure' // not https, not this machine: a browser gives no page a microphone then
  | 'refused' // the person, or the browser's settings, said no
  | 'no_microphone'
  | 'microphone_busy' // another program has it
  | 'no_webrtc'
  | 'no_way' // sound finds no way to the server
  | 'server'
  | 'taken' // another page of the same person is the phone now

export class SoundTrouble extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble)
  }
}

export interface IceServer {
  urls: string
  username?: string
  credential?: string
}

const GATHERING = 2500
const FOUND_WITHIN = 20_000

export async function openMicrophone(device: string): Promise<MediaStream> {
  // Where there is no secure context `mediaDevices` is not there at all, whatever its type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (!window.isSecureContext || !devices) throw new SoundTrouble('insecure')
  try {
    return await devices.getUserMedia({
      audio: {
        ...(device ? { deviceId: { ideal: device } } : {}),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
      },
    })
  } catch (why) {
    const name = why instanceof DOMException ? why.name : ''
    if (name === 'NotFoundError' || name === 'OverconstrainedError') throw new SoundTrouble('no_microphone')
    if (name === 'NotReadableError' || name === 'AbortError') throw new SoundTrouble('microphone_busy')
    throw new SoundTrouble('refused')
  }
}

/** One connection to the server. It is of use from `up` until `over` is told. */
export class Connection {
  private readonly pc: RTCPeerConnection
  private readonly sender: RTCRtpSender
  private closed = false
  /** What the server's side says, as a stream to be played. */
  heard: MediaStream | null = null

  constructor(
    microphone: MediaStream,
    servers: IceServer[],
    private readonly told: { hears: (stream: MediaStream) => void; over: () => void },
  ) {
    if (!('RTCPeerConnection' in window)) throw new SoundTrouble('no_webrtc')
    this.pc = new RTCPeerConnection({ iceServers: servers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' })
    const [track] = microphone.getAudioTracks()
    if (!track) throw new SoundTrouble('no_microphone')
    this.sender = this.pc.addTransceiver(track, { direction: 'sendrecv', streams: [microphone] }).sender
    this.pc.ontrack = (event) => {
      this.heard = event.streams[0] ?? new MediaStream([event.track])
      this.told.hears(this.heard)
    }
    this.pc.onconnectionstatechange = () => {
      if (!this.closed && this.pc.connectionState === 'failed') this.told.over()
    }
  }

  /** The offer with every candidate in it: there is one exchange with the server, no trickle. */
  async offer(): Promise<string> {
    await this.pc.setLocalDescription()
    if (this.pc.iceGatheringState !== 'complete') {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, GATHERING)
        this.pc.onicegatheringstatechange = () => {
          if (this.pc.iceGatheringState !== 'complete') return
          clearTimeout(timer)
          done()
        }
      })
    }
    return this.pc.localDescription?.sdp ?? ''
  }

  /** Take the server's answer; returns when sound can flow. */
  async answered(sdp: string): Promise<void> {
    await this.pc.setRemoteDescription({ type: 'answer', sdp })
    if (this.pc.connectionState === 'connected') return
    await new Promise<void>((done, failed) => {
      const end = (work: () => void): void => {
        clearTimeout(timer)
        this.pc.removeEventListener('connectionstatechange', look)
        work()
      }
      const look = (): void => {
        if (this.pc.connectionState === 'connected') end(done)
        if (this.pc.connectionState === 'failed' || this.closed) end(() => failed(new SoundTrouble('no_way')))
      }
      const timer = setTimeout(() => end(() => failed(new SoundTrouble('no_way'))), FOUND_WITHIN)
      this.pc.addEventListener('connectionstatechange', look)
    })
  }

  /** Speak with another microphone from now on. */
  async speakWith(microphone: MediaStream): Promise<void> {
    await this.sender.replaceTrack(microphone.getAudioTracks()[0] ?? null)
  }

  close(): void {
    this.closed = true
    this.pc.close()
  }
}

/** How loud a stream is now, 0 to 1. */
export class Meter {
  private readonly analyser: AnalyserNode
  private readonly source: MediaStreamAudioSourceNode
  private readonly samples: Float32Array<ArrayBuffer>

  constructor(context: AudioContext, stream: MediaStream) {
    this.analyser = context.createAnalyser()
    this.analyser.fftSize = 1024
    this.source = context.createMediaStreamSource(stream)
    this.source.connect(this.analyser)
    this.samples = new Float32Array(this.analyser.fftSize)
  }

  /** −60 dB and less is 0, full scale is 1: as loudness is heard. */
  level(): number {
    this.analyser.getFloatTimeDomainData(this.samples)
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length
    return power === 0 ? 0 : Math.min(1, Math.max(0, 1 + (10 * Math.log10(power)) / 60))
  }

  stop(): void {
    this.source.disconnect()
  }
}

/** The bell: 450 Hz, a second of five (the national cadence of ringing), until it is stopped. */
export class Bell {
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly context: AudioContext) {}

  ring(): void {
    if (this.timer !== undefined) return
    this.stroke()
    this.timer = setInterval(() => this.stroke(), 5000)
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private stroke(): void {
    const now = this.context.currentTime
    const gain = this.context.createGain()
    const tone = this.context.createOscillator()
    tone.frequency.value = 450
    gain.gain.setValueAtTime(0, now)
    gain.gain.linearRampToValueAtTime(0.15, now + 0.02)
    gain.gain.setValueAtTime(0.15, now + 0.96)
    gain.gain.linearRampToValueAtTime(0, now + 1)
    tone.connect(gain).connect(this.context.destination)
    tone.start(now)
    tone.stop(now + 1)
  }
}
