/** Sounds that are made here, so that no file is needed. A browser makes none before the page was clicked or typed in. */
import { Bell } from '../phone/sound'
import type { Occasion } from './settings'

/** Hertz and seconds, one after the other. */
const TUNES: Record<Exclude<Occasion, 'call'>, readonly [number, number][]> = {
  message: [[880, 0.12]],
  help: [
    [660, 0.18],
    [880, 0.18],
    [660, 0.18],
    [880, 0.18],
  ],
  duty: [
    [523, 0.15],
    [659, 0.25],
  ],
}

export class Tones {
  private context: AudioContext | null = null
  private bell: Bell | null = null

  /** May a sound be made now? Asked in a tab that nobody has touched yet, the answer is no. */
  async ready(): Promise<boolean> {
    if (!('AudioContext' in window)) return false
    if (!(navigator.userActivation as UserActivation | undefined)?.hasBeenActive && this.context === null) return false
    this.context ??= new AudioContext()
    if (this.context.state !== 'running') await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 200))])
    return (this.context.state as string) === 'running'
  }

  play(occasion: Exclude<Occasion, 'call'>): void {
    const context = this.context
    if (!context) return
    let at = context.currentTime
    for (const [hertz, seconds] of TUNES[occasion]) {
      const gain = context.createGain()
      const tone = context.createOscillator()
      tone.frequency.value = hertz
      gain.gain.setValueAtTime(0, at)
      gain.gain.linearRampToValueAtTime(0.15, at + 0.02)
      gain.gain.setValueAtTime(0.15, at + seconds - 0.03)
      gain.gain.linearRampToValueAtTime(0, at + seconds)
      tone.connect(gain).connect(context.destination)
      tone.start(at)
      tone.stop(at + seconds)
      at += seconds + 0.04
    }
  }

  ring(): void {
    if (!this.context) return
    this.bell ??= new Bell(this.context)
    this.bell.ring()
  }

  stopRinging(): void {
    this.bell?.stop()
  }

  close(): void {
    this.stopRinging()
    void this.context?.close()
    this.context = null
    this.bell = null
  }
}
