/**
 * Is somebody typing right now? A pop that came forward under their fingers would take the next letters (or half a
 * Chinese word out of the input method), so it waits for a pause. Pure: times come in, in milliseconds.
 */
export const TYPING_PAUSE = 2000

export class Typing {
  private last = -Infinity
  private composing = false

  /** A key went into a field; composing: into an input method that holds letters which are not in the field yet. */
  keyed(now: number, composing: boolean): void {
    this.composing = composing
    this.last = now
  }

  /** The field was left: nothing typed can be lost any more. */
  left(): void {
    this.last = -Infinity
    this.composing = false
  }

  /** Milliseconds until a pop may come forward; null: not before the input method is done. */
  wait(now: number): number | null {
    return this.composing ? null : Math.max(0, this.last + TYPING_PAUSE - now)
  }
}
