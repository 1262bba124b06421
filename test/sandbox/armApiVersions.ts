/** The api-versions that Azure's providers take, as far as the sandbox plays them. */
const months = (year: number, ...numbers: readonly number[]): string[] =>
  numbers.map((month) => `${year}-${String(month).padStart(2, "0")}-01`);

export const containerServiceVersions = [
  ...["2017-08-31", "2018-03-31"],
  ...months(2019, 2, 4, 6, 8, 10, 11),
  ...months(2020, 1, 2, 3, 4, 6, 7, 9, 11, 12),
  ...months(2021, 2, 3, 5, 7, 8, 9, 10),
  ...months(2022, 1, 2, 3, 4, 6, 7, 8, 9, 11),
  ...months(2023, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
  ...months(2024, 1, 2, 5, 6, 7, 8, 9, 10),
  ...months(2025, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
  ...months(2026, 1, 2, 3, 4, 5, 6),
];

export const resourcesVersions = [
  ...["2014-04-01", "2015-01-01", "2015-11-01", "2016-02-01", "2016-06-01", "2016-09-01", "2017-05-10", "2018-02-01"],
  ...months(2018, 5, 6),
  ...months(2019, 3, 5, 6, 7, 8, 10, 11),
  ...months(2020, 1, 6, 8, 10),
  ...months(2021, 1, 4),
  ...months(2022, 1, 9, 12),
  ...months(2023, 7),
  ...months(2024, 3, 7, 8, 11),
  ...months(2025, 3, 4),
];

export const computeVersions = [
  ...["2019-12-01", "2020-06-01", "2020-12-01"],
  ...months(2021, 3, 4, 7, 11),
  ...months(2022, 3, 8, 11),
  ...months(2023, 3, 7, 9),
  ...months(2024, 3, 7, 11),
  ...months(2025, 4, 11),
  ...months(2026, 4),
];

export const resourceGraphVersions = ["2019-04-01", "2021-03-01", "2022-10-01", "2024-04-01"];
