/** What was typed and is not kept by the server yet survives a reload of the page: one draft for a call and login. */
import type { Card, Pop } from '../model'

export interface Draft {
  pop: Pop
  note: string
  card: Card | null
  /** Of the new card: sent again because no answer came, it is made once. */
  cardKey?: string
}

const PREFIX = 'callcenterd.draft'

export class Drafts {
  constructor(
    private readonly login: string,
    private readonly storage: Storage,
  ) {}

  keep(call: string, draft: Draft): void {
    this.storage.setItem(this.key(call), JSON.stringify(draft))
  }

  drop(call: string): void {
    this.storage.removeItem(this.key(call))
  }

  of(call: string): Draft | null {
    const kept = this.storage.getItem(this.key(call))
    if (kept === null) return null
    try {
      return JSON.parse(kept) as Draft
    } catch {
      return null // written by another version of the page
    }
  }

  calls(): string[] {
    const start = this.key('')
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index) ?? '')
    return keys
      .filter((key) => key.startsWith(start))
      .map((key) => key.slice(start.length))
      .sort()
  }

  private key(call: string): string {
    return `${PREFIX}.${this.login}.${call}`
  }
}
