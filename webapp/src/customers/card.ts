/** What must be right on a card before it is sent; the server checks again. Values are message keys of `customer`. */
import { emptyCard, type Card } from '../model'

export type CardField = keyof Card
const CARD_FIELDS = Object.keys(emptyCard()) as CardField[]

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
  return fields
}

/** Take one field of another card over. Lists are copied. */
export function put<F extends CardField>(into: Card, from: Card, field: F): void {
  const value = from[field]
  into[field] = (Array.isArray(value) ? [...value] : value) as Card[F]
}

/**
 * Two people have changed the same card: what only one of them changed is taken from that one; where both did, mine
 * stands and the field is named.
 */
export function broughtTogether(read: Card, mine: Card, theirs: Card): { card: Card; disputed: CardField[] } {
  const same = (one: Card, other: Card, field: CardField): boolean =>
    JSON.stringify(one[field]) === JSON.stringify(other[field])
  const card = cardOf(mine)
  const disputed: CardField[] = []
  for (const field of CARD_FIELDS) {
    if (same(theirs, read, field) || same(theirs, mine, field)) continue
    if (same(mine, read, field)) put(card, theirs, field)
    else disputed.push(field)
  }
  return { card, disputed }
}

/** Nothing was typed that would be lost. */
export function sameCard(one: Card, other: Card): boolean {
  const written = (card: Card): Card => ({ ...card, phones: card.phones.map((phone) => phone.trim()).filter(Boolean) })
  return JSON.stringify(cardOf(written(one))) === JSON.stringify(cardOf(written(other)))
}
