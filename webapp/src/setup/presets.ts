/** Usual kinds of trunks, as data: nothing of any one provider's own. */
import type { Trunk } from '../model'

export interface Preset {
  name: 'account' | 'accountTls' | 'address' | 'gateway'
  values: Pick<Trunk, 'register' | 'transport' | 'port' | 'options'>
}

export const PRESETS: readonly Preset[] = [
  { name: 'account', values: { register: true, transport: 'udp', port: 5060, options: 30 } },
  { name: 'accountTls', values: { register: true, transport: 'tls', port: 5061, options: 60 } },
  { name: 'address', values: { register: false, transport: 'udp', port: 5060, options: 30 } },
  { name: 'gateway', values: { register: false, transport: 'udp', port: 5060, options: 30 } },
]
