# Runs Ruby functions: one text for Ruby 2.5 to today's. Everything is in the folder beside this file.
require_relative 'lambent/loop'

Lambent::Loop.run
