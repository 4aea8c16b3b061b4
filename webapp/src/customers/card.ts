/** What must be right on a card before it is sent; the server checks again. Values are message keys of `customer`. */
import type { FieldValue } from '../fields/model'
import { emptyCard, type Card } from '../model'

/** A field of the card, or a custom one as "fields.NAME". */
export type CardField = Exclude<keyof Card, 'fields'> | `fields.${string}`
const CARD_FIELDS = Object.keys(emptyCard()).filter((field) => field !== 'fields') as Exclude<keyof Card, 'fields'>[]

export type CardFaults = Partial<Record<'name' | 'phones' | 'email', 'nameOrPhone' | 'badPhone' | 'badEmail'>>

export function cardFaults(card: Card): CardFaults {
  const phones = card.phones.map((phone) => phone.trim()).filter(Boolean)
  const faults: CardFaults = {}
  if (!card.name.trim() && phones.length === 0) faults.name = 'nameOrPhone'
  if (phones.some((phone) => !/^\+?[\d\s().*#-]{2,}$/.test(phone))) faults.phones = 'badPhone'
  if (card.email.trim() && !/^[^\s@]+@[^\s@]+$/.test(card.email.trim())) faults.email = 'badEmail'
  return faults
}

/** A card without what the store adds: to be edited and sent. */
export function cardOf(customer: Card): Card {
  const fields = emptyCard()
  for (const field of CARD_FIELDS) put(fields, customer, field)
  fields.fields = { ...customer.fields } // what is in a draft of an older page has none
  return fields
}

/** What stands in a field; a custom one that is empty is null. */
export function valueOf(card: Card, field: CardField): Card[keyof Card] | FieldValue {
  return isCustom(field) ? (card.fields?.[nameOf(field)] ?? null) : card[field]
}

export const isCustom = (field: CardField): field is `fields.${string}` => field.startsWith('fields.')
export const nameOf = (field: `fields.${string}`): string => field.slice('fields.'.length)

/** Take one field of another card over. Lists are copied. */
export function put(into: Card, from: Card, field: CardField): void {
  if (isCustom(field)) into.fields = { ...into.fields, [nameOf(field)]: from.fields?.[nameOf(field)] ?? null }
  else copy(into, from, field)
}

function copy<F extends Exclude<keyof Card, 'fields'>>(into: Card, from: Card, field: F): void {
  const value = from[field]
  into[field] = (Array.isArray(value) ? [...value] : value) as Card[F]
}

/**
 * Two people have changed the same card: what only one of them changed is taken from that one; where both did, mine
 * stands and the field is named.
 */
export function broughtTogether(read: Card, mine: Card, theirs: Card): { card: Card; disputed: CardField[] } {
  const same = (one: Card, other: Card, field: CardField): boolean =>
    JSON.stringify(valueOf(one, field)) === JSON.stringify(valueOf(other, field))
  const card = cardOf(mine)
  const disputed: CardField[] = []
  const custom = new Set([read, mine, theirs].flatMap((one) => Object.keys(one.fields ?? {})))
  for (const field of [...CARD_FIELDS, ...[...custom].map((name) => `fields.${name}` as const)]) {
    if (same(theirs, read, field) || same(theirs, mine, field)) continue
    if (same(mine, read, field)) put(card, theirs, field)
    else disputed.push(field)
  }
  return { card, disputed }
}

/** Nothing was typed that would be lost. */
export function sameCard(one: Card, other: Card): boolean {
  const written = (card: Card): Card => ({
    ...card,
    phones: card.phones.map((phone) => phone.trim()).filter(Boolean),
    fields: Object.fromEntries(
      Object.entries(card.fields ?? {})
        .filter(([, value]) => value !== null)
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ),
  })
  return JSON.stringify(cardOf(written(one))) === JSON.stringify(cardOf(written(other)))
}
