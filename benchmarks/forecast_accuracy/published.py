"""Published figures: the strongest that we found, the best first.

sMAPE ranges from 0 to 200; MASE is scaled by seasonal naive with the season of the set. The rows name their sources:
tables of papers, or the result files of the fev benchmark (its ``chronos_zeroshot`` set) and of GIFT-Eval, read in
2026. N-BEATS is an ensemble of 180 networks. TiRex (35 million weights), TimesFM (200 million) and Chronos-2 (120
million) were trained on other series.
"""

from __future__ import annotations

Row = dict[str, float]

ALL_OF_M3 = "m3"

PUBLISHED: dict[str, dict[str, Row]] = {
    "m1_yearly": {
        "AutoARIMA (fev)": {"MASE": 3.486},
        "TimesFM 2.0 (fev)": {"MASE": 3.596},
        "AutoTheta (fev)": {"MASE": 3.659},
        "TiRex (fev)": {"MASE": 3.703},
    },
    "m1_quarterly": {
        "AutoETS (fev)": {"MASE": 1.661},
        "AutoTheta (fev)": {"MASE": 1.667},
        "TiRex (fev)": {"MASE": 1.674},
    },
    "m1_monthly": {
        "TimesFM 2.0 (fev)": {"MASE": 1.052},
        "TiRex (fev)": {"MASE": 1.060},
        "AutoETS (fev)": {"MASE": 1.089},
    },
    "m3_yearly": {
        "LGT (Smyl 2020)": {"sMAPE": 15.23},
        "N-BEATS (Oreshkin et al. 2020)": {"sMAPE": 15.84},
        "DOTM (Fiorucci et al. 2016)": {"sMAPE": 15.94},
        "Theta (Makridakis & Hibon 2000)": {"sMAPE": 16.90},
        "AutoTheta (fev)": {"MASE": 2.610},
    },
    "m3_quarterly": {
        "N-BEATS (Oreshkin et al. 2020)": {"sMAPE": 8.84},
        "Theta (Makridakis & Hibon 2000)": {"sMAPE": 8.96},
        "AutoTheta (fev)": {"MASE": 1.119},
    },
    "m3_monthly": {
        "N-BEATS-I+G (Oreshkin et al. 2020)": {"sMAPE": 13.11},
        "DOTM (Fiorucci et al. 2016)": {"sMAPE": 13.74},
        "Theta (Makridakis & Hibon 2000)": {"sMAPE": 13.85},
        "best recurrent network of Hewamalage et al. (2021)": {"sMAPE": 14.11},
        "TimeCopilot (fev)": {"MASE": 0.829},
        "TiRex (fev)": {"MASE": 0.831},
    },
    "m3_other": {
        "N-BEATS (Oreshkin et al. 2020)": {"sMAPE": 4.19},
        "LGT (Smyl 2020)": {"sMAPE": 4.26},
        "Theta (Makridakis & Hibon 2000)": {"sMAPE": 4.41},
    },
    ALL_OF_M3: {
        "deep ensemble (Smyl 2020)": {"sMAPE": 12.27},
        "N-BEATS (Oreshkin et al. 2020)": {"sMAPE": 12.37},
        "mean of ARIMA, ETS, CES and DOTM": {"sMAPE": 12.63},
        "Theta (Makridakis & Hibon 2000)": {"sMAPE": 13.01},
    },
    "cif2016": {
        "S2SD LSTM with STL, best of Hewamalage et al. (2021)": {"sMAPE": 10.23},
        "ETS (Hewamalage et al. 2021; Godahewa et al. 2021)": {"sMAPE": 11.88, "MASE": 0.841},
        "stacked LSTM without STL (Hewamalage et al. 2021)": {"sMAPE": 15.83},
        "AutoETS (fev; horizon 12 for all)": {"MASE": 0.896},
        "TiRex (fev; horizon 12 for all)": {"MASE": 0.927},
    },
    "nn5_daily": {
        "TBATS (Godahewa et al. 2021)": {"sMAPE": 21.19, "MASE": 0.858},
        "stacked LSTM, Adam (Hewamalage et al. 2021)": {"sMAPE": 21.53},
        "Theta (Godahewa et al. 2021)": {"sMAPE": 22.01, "MASE": 0.885},
    },
    "m4_hourly": {
        "EXAONE, zero-shot (GIFT-Eval)": {"sMAPE": 7.61, "MASE": 0.681},
        "TiRex, zero-shot (GIFT-Eval)": {"sMAPE": 7.85, "MASE": 0.722},
        "N-BEATS-I+G (Oreshkin et al. 2020)": {"sMAPE": 8.197},
        "TabPFN-TS, trained on synthetic data alone (GIFT-Eval)": {"sMAPE": 8.75, "MASE": 0.739},
        "Chronos-2, trained on synthetic data alone (GIFT-Eval)": {"sMAPE": 9.16, "MASE": 0.848},
        "ES-RNN, winner of the M4 competition (Smyl 2020)": {"sMAPE": 9.328, "MASE": 0.893},
    },
}

# MASE of fev's result files on M1 and M3: yearly, quarterly, monthly. The figure of a competition is the geometric mean
# of the ratios to seasonal naive.
RELATED_SETS = ("yearly", "quarterly", "monthly")
SEASONAL_NAIVE = {"m1": (4.894, 2.078, 1.314), "m3": (3.172, 1.425, 1.146)}
RELATED = {
    "m1": {
        "AutoARIMA (fev)": (3.486, 1.688, 1.114),
        "AutoTheta (fev)": (3.659, 1.667, 1.092),
        "AutoETS (fev)": (3.957, 1.661, 1.089),
    },
    "m3": {
        "AutoTheta (fev)": (2.610, 1.119, 0.855),
        "AutoETS (fev)": (2.695, 1.144, 0.863),
        "AutoARIMA (fev)": (2.890, 1.192, 0.875),
    },
}
