/** What is typed to a colleague and not sent yet survives a reload; sent again after a fault, it is the same message. */
export interface StaffDraft {
  text: string
  /** The message's own name: with it the server keeps it once, however often it is sent. */
  key: string
}

const PREFIX = 'callcenterd.staff-draft'

export function newKey(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`
}

export class StaffDrafts {
  constructor(
    private readonly login: string,
    private readonly storage: Storage,
  ) {}

  of(place: string): StaffDraft {
    const kept = this.storage.getItem(this.name(place))
    if (kept === null) return { text: '', key: newKey() }
    try {
      return JSON.parse(kept) as StaffDraft
    } catch {
      return { text: '', key: newKey() } // written by another version of the page
    }
  }

  keep(place: string, draft: StaffDraft): void {
    if (draft.text) this.storage.setItem(this.name(place), JSON.stringify(draft))
    else this.storage.removeItem(this.name(place))
  }

  private name(place: string): string {
    return `${PREFIX}.${this.login}.${place}`
  }
}
