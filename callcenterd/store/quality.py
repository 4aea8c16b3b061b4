"""What is kept of the quality of calls (SUP-03): one door to scorecards, plans, appraisals, calibrations, figures."""

from __future__ import annotations

from callcenterd.store.appraisal_plans import AppraisalPlans
from callcenterd.store.appraisal_templates import AppraisalTemplates
from callcenterd.store.appraisals import Appraisals
from callcenterd.store.calibrations import Calibrations
from callcenterd.store.engine import Database
from callcenterd.store.work_figures import WorkFigures


class Quality:
    def __init__(self, database: Database) -> None:
        self.templates = AppraisalTemplates(database)
        self.plans = AppraisalPlans(database)
        self.appraisals = Appraisals(database)
        self.calibrations = Calibrations(database)
        self.work = WorkFigures(database)
