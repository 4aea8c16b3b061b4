/** Passwords nobody guesses, of signs that nobody mistakes for others when they are typed into a phone. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** About 93 bits. */
export function newSecret(length = 16): string {
  const chosen: string[] = []
  const most = 256 - (256 % SIGNS.length) // what is above would make the first signs likelier
  while (chosen.length < length) {
    for (const octet of crypto.getRandomValues(new Uint8Array(length)))
      if (octet < most && chosen.length < length) chosen.push(SIGNS[octet % SIGNS.length]!)
  }
  return chosen.join('')
}
