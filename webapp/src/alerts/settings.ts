/**
 * What a person wants to be told of by the desktop and by sound. Kept in the browser, for each login: the leave to show
 * notifications is the browser's own, and the loudspeaker is the machine's (docs/decisions).
 */
export const OCCASIONS = ['call', 'message', 'help', 'duty'] as const
export type Occasion = (typeof OCCASIONS)[number]
export type Way = 'desktop' | 'sound'
export type Wanted = Record<Occasion, Record<Way, boolean>>

const PREFIX = 'callcenterd.alerts'

export function nothing(): Wanted {
  const none = (): Record<Way, boolean> => ({ desktop: false, sound: false })
  return { call: none(), message: none(), help: none(), duty: none() }
}

export function kept(login: string, storage: Storage): Wanted {
  const wanted = nothing()
  try {
    const known = JSON.parse(storage.getItem(`${PREFIX}.${login}`) ?? '{}') as Partial<Wanted>
    for (const one of OCCASIONS) {
      wanted[one] = { desktop: known[one]?.desktop === true, sound: known[one]?.sound === true }
    }
  } catch {
    return nothing() // written by another version of the page
  }
  return wanted
}

export function keep(login: string, wanted: Wanted, storage: Storage): void {
  storage.setItem(`${PREFIX}.${login}`, JSON.stringify(wanted))
}
