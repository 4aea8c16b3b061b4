/** How many were left out of a drawing, and why, as one text. */
import { useI18n } from 'vue-i18n'

import { LEFT_OUT } from './model'

export function useLeftOut(): (counts: Record<string, number>) => string {
  const { t } = useI18n()
  return (counts) =>
    LEFT_OUT.filter((why) => counts[why])
      .map((why) => `${t(`followUps.rules.why.${why}`)} ${counts[why]}`)
      .join(' · ')
}
