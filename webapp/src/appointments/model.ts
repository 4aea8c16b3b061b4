/** Appointments as the API has them, and how a calendar of them is laid out. Times are those of this machine's clock. */
import type { FieldValues } from '../fields/model'
import type { Weekday } from '../model'
import { dayOf } from '../records/days'

export { clockOf, dayOf, daysShown, shifted, spanOfDays } from '../records/days'

export interface ServiceTerms {
  chinese: string
  english: string
  /** How long one lasts, and how long is kept free behind it. */
  minutes: number
  buffer: number
  capacity: number
  calendar: string
  hours: Partial<Record<Weekday, string[]>>
  /** Minutes: not sooner from now. Days: nor later. */
  notice: number
  ahead: number
  persons: string[]
  team: string
  /** Hours before it begins. */
  reminders: number[]
  active: boolean
}

export interface Service extends ServiceTerms {
  id: number
  name: string
  version: number
}

export interface Place {
  begin: string
  end: string
  capacity: number
  left: number
  persons: string[]
  bookable: boolean
}

export type AppointmentState = 'booked' | 'arrived' | 'missed' | 'cancelled' | 'moved'
export const STATES: readonly AppointmentState[] = ['booked', 'arrived', 'missed', 'cancelled', 'moved']

export interface AppointmentFields {
  customer: number | null
  call: string | null
  phone: string
  card: string
  name: string
  sex: string
  /** null: by what there is an address for. */
  remind_by: 'sms' | 'email' | '' | null
  language: 'zh-CN' | 'en' | null
  note: string
  fields: FieldValues
}

export interface Appointment extends AppointmentFields {
  id: number
  number: string
  at: string
  end: string
  service: number
  person: string
  state: AppointmentState
  state_at: string
  state_by: string
  reason: string
  code: string
  moved_from: number | null
  moved_to: number | null
  owner: string
  team: string
  created_at: string
  created_by: string
  changed_at: string
  changed_by: string
  version: number
}

/** A place that somebody chooses. person '': whoever is free. */
export interface Chosen {
  service: number | null
  begin: string
  person: string
}

export const empty = (): AppointmentFields => ({
  customer: null,
  call: null,
  phone: '',
  card: '',
  name: '',
  sex: '',
  remind_by: null,
  language: null,
  note: '',
  fields: {},
})

export interface Slot {
  at: string
  /** What can be booked then; null: it is no place of the service, or no service is chosen. */
  place: Place | null
  booked: Appointment[]
}

/** Of each day its places and appointments, in the order of time; days by `dayOf`. */
export function slotsOf(
  days: readonly Date[],
  places: readonly Place[],
  booked: readonly Appointment[],
): Record<string, Slot[]> {
  const found: Record<string, Slot[]> = Object.fromEntries(days.map((day) => [dayOf(day), []]))
  const at = (begin: string): Slot | null => {
    const slots = found[dayOf(begin)]
    if (!slots) return null
    const moment = Date.parse(begin)
    const known = slots.find((slot) => Date.parse(slot.at) === moment)
    if (known) return known
    const slot: Slot = { at: begin, place: null, booked: [] }
    slots.push(slot)
    return slot
  }
  for (const place of places) {
    const slot = at(place.begin)
    if (slot) slot.place = place
  }
  for (const one of booked) at(one.at)?.booked.push(one)
  for (const slots of Object.values(found)) slots.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
  return found
}

/** Hours before, as they are typed: "24 2" or "24，2". null: that is none. */
export function readReminders(text: string): number[] | null {
  const parts = text.split(/[\s,，、;；]+/).filter(Boolean)
  const hours = parts.map(Number)
  return hours.every((one) => Number.isInteger(one) && one >= 1) ? hours : null
}
