"""Programs that make the data files of the repository; nothing that runs Krajai."""
