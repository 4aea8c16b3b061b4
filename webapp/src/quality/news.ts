/** An agent is told, on whatever page they are, that a call of theirs was scored or that a dispute was looked at. */
import { ElNotification } from 'element-plus/es/components/notification/index'
import { onBeforeUnmount } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'

import type { Fact } from '../feed'
import { useLive } from '../live'
import { useSession } from '../session'

/** What is said of it to that login; null: nothing. */
export function newsOf(fact: Fact, login: string | undefined): 'news' | 'reviewed' | null {
  if (fact.type !== 'appraisal.changed' || !fact.data.told || fact.data.agent !== login || fact.data.by === login) return null
  if (fact.data.state === 'submitted' && fact.data.by === fact.data.appraiser) return 'news'
  return fact.data.state === 'upheld' || fact.data.state === 'corrected' ? 'reviewed' : null
}

export function useAppraisalNews(): void {
  const { t } = useI18n()
  const router = useRouter()
  const session = useSession()
  const stop = useLive().listen((fact) => {
    const what = newsOf(fact, session.me?.login)
    if (what === null) return
    const shown = ElNotification({
      title: t('menu.quality'),
      message: t(`quality.${what}`),
      type: 'info',
      onClick: () => {
        shown.close()
        void router.push({ name: 'quality', params: { id: String(fact.data.appraisal) } })
      },
    })
  })
  onBeforeUnmount(stop)
}
