"""The people: training, digital skills, and what they answer when they are asked."""

from __future__ import annotations

from metrics.warehouse.tables.operational.base import amount, code, count, fact, key_code, period

_GROUP = "NHS occupation group in words"

fact_training = fact(
    "fact_training",
    period("first day of the month at whose end it was counted"),
    key_code("staff_group", 40, _GROUP),
    key_code("course", 40, "data_security | record_system | clinical_safety | fire_safety"),
    count("required_n", "staff whose role requires the course"),
    count("in_date_n", "of them with a certificate that has not run out"),
    count("completed_n", "certificates given in the month"),
    comment="Training that a role requires: who is in date at the end of a month.",
)

fact_skill_assessment = fact(
    "fact_skill_assessment",
    period("first day of the quarter in which staff assessed themselves"),
    key_code("staff_group", 40, _GROUP),
    key_code(
        "domain", 40, "information | communication | creation | safety | learning | technical: digital capabilities"
    ),
    count("eligible_n", "staff in post"),
    count("assessed_n", "of them assessed"),
    count("at_level_n", "of those assessed, at the level expected of their role or above"),
    comment="Digital skills of one staff group in one domain, by quarter.",
)

fact_survey_score = fact(
    "fact_survey_score",
    period("first day of the month in which the survey ran"),
    key_code("survey", 16, "staff_survey: yearly, October | pulse: January, April, July"),
    key_code("staff_group", 40, _GROUP),
    key_code("measure", 24, "engagement | motivation | involvement | advocacy | morale | burnout"),
    count("invited_n"),
    count("answered_n", "respondents with a score"),
    amount("score_sum", "of the respondents' own scores, 0 to 10 each; engagement is the mean of its three parts"),
    amount("weight", "of one respondent: staff group's share of all staff over its share of respondents"),
    amount("weighted_sum", "weight * score_sum"),
    amount("weighted_n", "weight * answered_n"),
    comment="A score of one staff group in one survey: a weighted mean is sum(weighted_sum) / sum(weighted_n).",
)

fact_survey_answer = fact(
    "fact_survey_answer",
    period("first day of the month in which the survey ran"),
    key_code("survey", 16, "as fact_survey_score"),
    key_code("staff_group", 40, _GROUP),
    key_code("question", 40, "in a word or two: enthusiastic, recommend_place_to_work, ..."),
    code("measure", 24, "the score that the question is part of"),
    count("answered_n"),
    amount("answer_sum", "of answers as given, 1 to 5"),
    count("pos_n", "answers that speak well of the trust: the upper two, or the lower two of a question of burden"),
    count("neu_n"),
    count("neg_n"),
    amount("weight", "as fact_survey_score"),
    comment="Answers to one question of one staff group in one survey.",
)
