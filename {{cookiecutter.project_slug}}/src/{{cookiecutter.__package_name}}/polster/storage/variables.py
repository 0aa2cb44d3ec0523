"""The environment variables that say where and how data is stored (.env.example explains them)."""

URL_VARIABLE = "POLSTER_STORAGE_URL"
OPTIONS_VARIABLE = "POLSTER_STORAGE_OPTIONS"
FORMAT_VARIABLE = "POLSTER_BRONZE_FORMAT"
