"""Files and data frames of any making: columns, numbers, dates, categories and time stamps, once for all tasks."""
