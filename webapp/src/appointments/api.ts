/** What the pages ask about services that can be booked, and about appointments. */
import { ask, make, queryText } from '../api'
import type { Listing } from '../model'
import type { Appointment, AppointmentFields, AppointmentState, Chosen, Place, Service, ServiceTerms } from './model'

export interface AppointmentConditions {
  since?: string
  until?: string
  service?: number | null
  person?: string
  state?: string
  customer?: number
  text?: string
}

/** What waits to be sent about an appointment, or was. */
export interface Told {
  id: number
  channel: 'sms' | 'email'
  address: string
  text: string
  state: string
  not_before: string
  sent_at: string | null
}

export const appointmentsApi = {
  services: () => ask<Listing<Service>>('GET', '/appointment-services'),
  createService: (name: string, terms: ServiceTerms) => ask<Service>('POST', '/appointment-services', { name, ...terms }),
  changeService: (id: number, terms: ServiceTerms, version: number) =>
    ask<Service>('PUT', `/appointment-services/${id}`, { ...terms, version }),
  removeService: (id: number, version: number) => ask<void>('DELETE', `/appointment-services/${id}?version=${version}`),
  free: (service: number, since: string, until: string) =>
    ask<Listing<Place>>('GET', `/appointment-services/${service}/free${queryText({ since, until })}`),

  list: (conditions: AppointmentConditions & { limit: number; offset: number }) =>
    ask<Listing<Appointment>>('GET', `/appointments${queryText({ ...conditions })}`),
  one: (id: number) => ask<Appointment>('GET', `/appointments/${id}`),
  book: (fields: AppointmentFields, place: Chosen, key: string) =>
    make<Appointment>('/appointments', { ...fields, ...place }, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: (id: number, fields: AppointmentFields, version: number) =>
    ask<Appointment>('PUT', `/appointments/${id}`, { ...fields, version }),
  /** awake: the customer is on the telephone. Answers the new appointment. */
  move: (id: number, place: Chosen, version: number, awake: boolean) =>
    ask<Appointment>('POST', `/appointments/${id}/move`, { ...place, version, awake }),
  cancel: (id: number, reason: string, version: number, awake: boolean) =>
    ask<Appointment>('POST', `/appointments/${id}/cancel`, { reason, version, awake }),
  mark: (id: number, state: AppointmentState, version: number) =>
    ask<Appointment>('POST', `/appointments/${id}/mark`, { state, version }),
  told: (id: number) =>
    ask<Listing<Told>>('GET', `/customer-messages${queryText({ kind: 'appointment', record: String(id), limit: 20 })}`),
}
