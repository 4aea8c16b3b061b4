"""Quality of calls [质检]: scorecards, sampling, appraisals with the agent's answer, calibration, results (SUP-03)."""
