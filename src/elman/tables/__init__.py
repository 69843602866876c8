"""Files and data frames in any layout: columns, numbers, dates, categories and time stamps, for all tasks."""
