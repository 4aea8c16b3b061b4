/** The addresses of the set-up; what is set up goes by the things' own ones. */
import { ask } from '../api'
import type { Calendar, Listing, FlowVersion } from '../model'
import type { CallTry, SetupState, TestCall, TrunkTest, TurnedAway } from './model'

const of = encodeURIComponent

export const setupApi = {
  state: () => ask<SetupState>('GET', '/setup'),
  zone: (timezone: string) => ask<void>('PUT', '/setup/timezone', { timezone }),
  answered: () => ask<Listing<unknown>>('GET', '/calls?outcome=answered&direction=inbound&limit=1'),
  calls: () => ask<Listing<CallTry>>('GET', '/setup/calls'),
  turnedAway: () => ask<Listing<TurnedAway>>('GET', '/setup/turned-away'),
  testTrunk: (trunk: string) => ask<TrunkTest>('POST', `/trunks/${of(trunk)}/test`, {}),
  callOut: (trunk: string, number: string) => ask<TestCall>('POST', `/trunks/${of(trunk)}/test-call`, { number }),
  callNow: (trunk: string) => ask<TestCall>('GET', `/trunks/${of(trunk)}/test-call`),
  callEnd: (trunk: string) => ask<void>('DELETE', `/trunks/${of(trunk)}/test-call`),
  flow: (wanted: object) => ask<FlowVersion>('POST', '/setup/flow', wanted),
  calendar: (wanted: object) => ask<Calendar>('POST', '/calendars', wanted),
}
