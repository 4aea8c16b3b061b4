/** Where a record is begun: out of a call, or on a customer's page. */
import type { Customer } from '../model'

/** With whom it is, as far as that is known there. */
export function knownOf(where: { call?: string | null; phone?: string; customer?: Customer | null }) {
  const { customer } = where
  return {
    call: where.call ?? null,
    customer: customer?.id ?? null,
    phone: where.phone || customer?.phones[0] || '',
    card: customer?.card ?? '',
    name: customer?.name ?? '',
    sex: customer?.sex ?? '',
  }
}
