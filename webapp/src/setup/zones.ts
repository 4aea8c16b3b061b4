/** Time zones to choose from, and which of them is meant before anybody has said. */
import type { SetupState } from './model'

/** Of this computer. */
export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** All that the browser knows, and those that are named in any case. */
export function zonesWith(...named: string[]): string[] {
  return [...new Set([...named.filter(Boolean), ...Intl.supportedValuesOf('timeZone')])].toSorted()
}

/** What somebody has said; before that, what the computer of who sets the office up keeps. */
export function zoneProposed(state: Pick<SetupState, 'timezone_next' | 'timezone_by'>, here: string): string {
  return state.timezone_by === 'nobody' && here ? here : state.timezone_next
}
