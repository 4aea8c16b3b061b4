/**
 * Of several open tabs of one browser one tells of a thing. Each writes its name down and looks a moment later whose is
 * left: the last one that wrote. A tab that comes later finds that it is told already. Locks of the browser would need
 * https, which an office in its own network may not have.
 */
const PREFIX = 'callcenterd.told.'
const SETTLED = 80
/** A tab with the focus is first: who looks at a page hears of it there. */
const BEHIND = 200
/** Claims are removed when they are this old. */
const FORGOTTEN = 600_000

export class Once {
  private readonly name = Math.random().toString(36).slice(2)

  constructor(
    private readonly storage: Storage,
    private readonly now: () => number = Date.now,
  ) {}

  /** Is it this tab that tells of it? key: what happened, the same in every tab. */
  async mine(key: string, focused: boolean): Promise<boolean> {
    if (!focused) await pause(BEHIND)
    const place = PREFIX + key
    if (this.storage.getItem(place) !== null) return false
    this.storage.setItem(place, `${this.name} ${this.now()}`)
    await pause(SETTLED)
    this.forget()
    return this.storage.getItem(place)?.startsWith(`${this.name} `) ?? false
  }

  private forget(): void {
    const old = this.now() - FORGOTTEN
    for (const key of Array.from({ length: this.storage.length }, (_, n) => this.storage.key(n) ?? '')) {
      if (key.startsWith(PREFIX) && !(Number(this.storage.getItem(key)?.split(' ')[1]) > old)) this.storage.removeItem(key)
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds))
}
