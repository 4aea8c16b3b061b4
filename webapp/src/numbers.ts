/** A telephone number so that an eye can read it out. Only the spaces are ours; unknown shapes stay as they are. */

export function groupDigits(number: string): string {
  const national = number.replace(/^\+86(?=\d{10,12}$)/, '')
  if (/^1[3-9]\d{9}$/.test(national)) return national.replace(/^(\d{3})(\d{4})(\d{4})$/, '$1 $2 $3')
  const land = national !== number && !national.startsWith('0') ? `0${national}` : national
  if (/^0(10|2\d)\d{8}$/.test(land)) return land.replace(/^(\d{3})(\d{4})(\d{4})$/, '$1 $2 $3')
  if (/^0[3-9]\d{2}\d{7,8}$/.test(land)) return land.replace(/^(\d{4})(\d{3,4})(\d{4})$/, '$1 $2 $3')
  return number
}
