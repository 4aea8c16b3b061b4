/**
 * Two people have written on the same call: what both wrote stands there in the end. before: the note that one had before
 * one typed; theirs: what stands there now. What was typed at the end of the old note goes to the end of the new one.
 */
export function merged(before: string, mine: string, theirs: string): string {
  if (theirs === before || mine.includes(theirs)) return mine
  if (mine === before || theirs.includes(mine)) return theirs
  const typed = mine.startsWith(before) ? mine.slice(before.length).replace(/^\n+/, '') : mine
  return `${theirs.replace(/\n+$/, '')}\n${typed}`
}
